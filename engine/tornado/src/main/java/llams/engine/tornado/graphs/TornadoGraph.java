package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import llams.engine.tornado.cuda.CudaDriver;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// One of TornadoVM's task graphs, compiled on its first run and run any number of times. Its blocks are on the device
/// already and belong to no graph: [TornadoInternals] puts them into this one, so graphs can be added at any time and
/// run in any order.
final class TornadoGraph implements AutoCloseable {
    static final KernelContext CONTEXT = new KernelContext();
    /// A task and its time in TornadoVM's log, which is JSON.
    private static final Pattern TASK_TIME = Pattern
            .compile("\"g\\d+\\.t(\\d+)\"\\s*:\\s*\\{[^}]*\"TASK_KERNEL_TIME\"\\s*:\\s*\"(\\d+)\"");
    /// The task whose kernel did not compile.
    private static final Pattern NOT_COMPILED = Pattern.compile("Unable to compile task g\\d+\\.t(\\d+)");
    private static final AtomicLong COUNT = new AtomicLong();

    private static final boolean IS_CUDA = Gpu.backend() == TornadoVMBackendType.CUDA;

    private final String name = "g" + COUNT.incrementAndGet();
    private final TaskGraph graph = new TaskGraph(name);
    private final GridScheduler grids = new GridScheduler();
    private final Map<TornadoNativeArray, HostedBlock> blocks = new LinkedHashMap<>();
    private final List<Task> tasks = new ArrayList<>();
    /// Null unless the backend is OpenCL.
    private final OpenClCommands commands = Gpu.backend() == TornadoVMBackendType.OPENCL ? new OpenClCommands() : null;
    private ImmutableTaskGraph ready;
    private TornadoExecutionPlan plan;
    private boolean hasRun;
    /// Why it can never run, kept because TornadoVM would say less the second time.
    private IllegalStateException failure;
    private final boolean isProfiled;
    private String profileLog = "";

    TornadoGraph() {
        this(false);
    }

    /// @param isProfiled true to measure each task's time on the device
    TornadoGraph(boolean isProfiled) {
        this.isProfiled = isProfiled;
    }

    /// Arrays that are copied to the device before every run.
    TornadoGraph send(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// Arrays that are copied before the first run.
    TornadoGraph sendOnce(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// Arrays that are copied back after every run.
    TornadoGraph fetch(TornadoNativeArray... arrays) {
        graph.transferToHost(DataTransferMode.EVERY_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// A block that is already on the device.
    TornadoGraph use(HostedBlock block) {
        return use(block, block.array);
    }

    /// Such a block, as one of its aliases.
    TornadoGraph use(HostedBlock block, TornadoNativeArray array) {
        blocks.put(array, block);
        graph.consumeFromDevice(TornadoInternals.SOURCE, array);
        return this;
    }

    /// Lets an array stand for another block from the next run on.
    void exchange(TornadoNativeArray array, HostedBlock block) {
        if (blocks.put(array, block) != block && plan != null) {
            TornadoInternals.put(ready, array, block.buffer);
        }
    }

    /// Arrays that this graph allocates on the device.
    TornadoGraph allocate(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.UNDER_DEMAND, (Object[]) arrays);
        return this;
    }

    TaskGraph taskGraph() {
        return graph;
    }

    /// A task.
    ///
    /// @param grid null for a library task
    /// @param what for messages
    record Task(String id, WorkerGrid grid, String what) {}

    /// Adds a grid for a task; [TaskGraph#task] must be called next with the id.
    ///
    /// @throws IllegalStateException if the device has no groups that large: TornadoVM would take smaller ones
    Task task(int localX, int localY, String what) {
        if (localX * localY > Gpu.groupLimit()) {
            throw new IllegalStateException("gpu: " + what + " needs groups of " + localX * localY + " threads, and "
                    + Gpu.name() + " has groups of " + Gpu.groupLimit() + " at most; use --device cpu");
        }
        String id = "t" + tasks.size();
        WorkerGrid grid = new WorkerGrid3D(localX, localY, 1);
        grid.setLocalWork(localX, localY, 1);
        grids.addWorkerGrid(name + "." + id, grid);
        tasks.add(new Task(id, grid, what));
        return tasks.getLast();
    }

    /// Adds a library task, which has no grid; returns its id.
    String libraryTask(String what) {
        tasks.add(new Task("t" + tasks.size(), null, what));
        return tasks.getLast().id;
    }

    private void plan() {
        ready = graph.snapshot();
        plan = new TornadoExecutionPlan(ready);
        if (!grids.keySet().isEmpty()) {
            plan.withGridScheduler(grids);
        }
    }

    /// Compiles the first task and runs nothing.
    TornadoInternals.Compiled compile() {
        try {
            plan();
            plan.withPreCompilation();
        } catch (TornadoBailoutRuntimeException e) {
            throw notCompiled(e);
        }
        return TornadoInternals.compiled(ready);
    }

    private IllegalStateException notCompiled(TornadoBailoutRuntimeException e) {
        // The message also holds colours and a stack trace.
        String reason = e.getMessage()
                .replaceAll("\u001b\\[\\d*m", "")
                .lines()
                .takeWhile(line -> !line.startsWith("Stacktrace"))
                .collect(Collectors.joining(" "));
        Matcher task = NOT_COMPILED.matcher(reason);
        failure = new IllegalStateException(task.find()
                ? "gpu: " + tasks.get(Integer.parseInt(task.group(1))).what + " could not be compiled for " + Gpu.name()
                        + "; the compiler's messages are above. Try another driver, or use --device cpu (" + reason
                        + ")"
                : "gpu: TornadoVM could not run a graph of " + tasks.size() + " tasks (" + reason
                        + "); without ./llams, set -Dtornado.tvm.maxbytecodesize=65536",
                e);
        return failure;
    }

    /// @throws IllegalStateException if a kernel does not compile, or the device has no room or refuses something; the
    ///     message says what to do
    void run() {
        if (failure != null) {
            throw failure;
        }
        try {
            if (plan == null) {
                plan();
                if (isProfiled) {
                    plan.withProfiler(ProfilerMode.SILENT);
                }
                blocks.forEach((array, block) -> TornadoInternals.put(ready, array, block.buffer));
            }
            // Not plan.execute(), which keeps every call's result.
            TornadoExecutionResult result = plan.withGraph(0).execute();
            hasRun = true;
            if (IS_CUDA) {
                CudaDriver.finish();
            }
            if (commands != null) {
                checkTaken();
            }
            if (isProfiled) {
                profileLog = result.getProfilerResult().getProfileLog();
            }
        } catch (TornadoBailoutRuntimeException e) {
            throw notCompiled(e);
        } catch (TornadoOutOfMemoryException | TornadoMemoryException e) {
            throw new IllegalStateException("gpu: out of device memory (" + e.getMessage() + "); use fewer tokens, "
                    + "--recompute or a smaller rank, or allow more of the card: LLAMS_GPU_MEMORY=40GB"
                    + " ./llams ...", e);
        }
    }

    private void checkTaken() {
        int refused = commands.refused(TornadoInternals.number(ready));
        if (refused != OpenClCommands.NONE) {
            Task task = tasks.get(Math.min(refused, tasks.size() - 1));
            throw new IllegalStateException("gpu: " + Gpu.name() + " refused " + task.what + ", or a copy for it, with "
                    + Arrays.toString(task.grid.getGlobalWork()) + " threads in groups of "
                    + Arrays.toString(task.grid.getLocalWork())
                    + "; the results would be wrong. OpenCL's error number is printed above: -4 and -5 mean"
                    + " too little memory (use fewer tokens); otherwise try another driver, or use --device cpu");
        }
    }

    /// The device's time for each task of the last run, by the driver's clock.
    long[] kernelNanos() {
        long[] nanos = new long[tasks.size()];
        Matcher times = TASK_TIME.matcher(profileLog);
        while (times.find()) {
            nanos[Integer.parseInt(times.group(1))] = Long.parseLong(times.group(2));
        }
        return nanos;
    }

    /// After the first run: keeps the device side of a block that this graph allocated.
    void keepBuffer(HostedBlock block) {
        block.buffer = TornadoInternals.of(ready, block.array);
        if (block.buffer.toBuffer() == 0) {
            throw new IllegalStateException("gpu: out of device memory: " + Gpu.name() + " gave no buffer of "
                    + block.bytes() + " bytes; use fewer tokens, --recompute or a smaller rank");
        }
    }

    @Override
    public void close() {
        // TornadoVM fails to free what it never allocated.
        if (hasRun) {
            try {
                plan.close();
            } catch (TornadoExecutionPlanException e) {
                throw new IllegalStateException("gpu: " + e.getMessage(), e);
            }
        }
    }
}
