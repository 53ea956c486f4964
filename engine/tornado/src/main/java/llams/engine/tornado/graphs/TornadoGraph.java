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

/// One task graph, compiled when it first runs and run again and again. Its blocks are on the device already and belong
/// to nobody's graph: [TornadoInternals] puts them into this one, so graphs can be added at any time and run in any order.
final class TornadoGraph implements AutoCloseable {
    static final KernelContext CONTEXT = new KernelContext();
    /// A task and its time in TornadoVM's log, which is JSON.
    private static final Pattern TASK_TIME = Pattern
            .compile("\"g\\d+\\.t(\\d+)\"\\s*:\\s*\\{[^}]*\"TASK_KERNEL_TIME\"\\s*:\\s*\"(\\d+)\"");
    /// Of which task a kernel did not compile.
    private static final Pattern NOT_COMPILED = Pattern.compile("Unable to compile task g\\d+\\.t(\\d+)");
    private static final AtomicLong COUNT = new AtomicLong();

    private static final boolean IS_CUDA = Gpu.backend() == TornadoVMBackendType.CUDA;

    private final String name = "g" + COUNT.incrementAndGet();
    private final TaskGraph graph = new TaskGraph(name);
    private final GridScheduler grids = new GridScheduler();
    private final Map<TornadoNativeArray, HostedBlock> blocks = new LinkedHashMap<>();
    private final List<Task> tasks = new ArrayList<>();
    /// Null if it is not OpenCL that runs them.
    private final OpenClCommands commands = Gpu.backend() == TornadoVMBackendType.OPENCL ? new OpenClCommands() : null;
    private ImmutableTaskGraph ready;
    private TornadoExecutionPlan plan;
    private boolean hasRun;
    /// Why it can never run: a second time TornadoVM would say less.
    private IllegalStateException failure;
    private final boolean isProfiled;
    private String profileLog = "";

    TornadoGraph() {
        this(false);
    }

    /// @param isProfiled true to have the device's times of each task
    TornadoGraph(boolean isProfiled) {
        this.isProfiled = isProfiled;
    }

    /// Arrays that go over to the device before every run.
    TornadoGraph send(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// Arrays that go over before the first run.
    TornadoGraph sendOnce(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// Arrays that come back after every run.
    TornadoGraph fetch(TornadoNativeArray... arrays) {
        graph.transferToHost(DataTransferMode.EVERY_EXECUTION, (Object[]) arrays);
        return this;
    }

    /// A block that is on the device already.
    TornadoGraph use(HostedBlock block) {
        return use(block, block.array);
    }

    /// Such a block as one of its aliases.
    TornadoGraph use(HostedBlock block, TornadoNativeArray array) {
        blocks.put(array, block);
        graph.consumeFromDevice(TornadoInternals.SOURCE, array);
        return this;
    }

    /// Lets an array that is used be another block from the next run on.
    void exchange(TornadoNativeArray array, HostedBlock block) {
        if (blocks.put(array, block) != block && plan != null) {
            TornadoInternals.put(ready, array, block.buffer);
        }
    }

    /// Arrays that this graph makes on the device.
    TornadoGraph allocate(TornadoNativeArray... arrays) {
        graph.transferToDevice(DataTransferMode.UNDER_DEMAND, (Object[]) arrays);
        return this;
    }

    TaskGraph taskGraph() {
        return graph;
    }

    /// A name for the next task, run on the returned grid.
    ///
    /// @param grid null for a library's
    /// @param what for people
    record Task(String id, WorkerGrid grid, String what) {}

    /// Adds a grid for a task; [TaskGraph#task] must be called next with the id.
    ///
    /// @throws IllegalStateException if the device has no groups of so many threads: TornadoVM would take others
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

    /// An id for a library task, which has no grid.
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
        // The message holds colours and a stack trace too.
        String reason = e.getMessage()
                .replaceAll("\u001b\\[\\d*m", "")
                .lines()
                .takeWhile(line -> !line.startsWith("Stacktrace"))
                .collect(Collectors.joining(" "));
        Matcher task = NOT_COMPILED.matcher(reason);
        failure = new IllegalStateException(task.find()
                ? "gpu: " + tasks.get(Integer.parseInt(task.group(1))).what + " could not be compiled for " + Gpu.name()
                        + ", and is never"
                        + " run as Java instead; what the compiler said is printed above. Another driver may take"
                        + " it, and --device cpu needs none (" + reason + ")"
                : "gpu: TornadoVM could not run a graph of " + tasks.size() + " tasks (" + reason
                        + "); started by hand it needs -Dtornado.tvm.maxbytecodesize=65536, as ./llams sets it",
                e);
        return failure;
    }

    /// @throws IllegalStateException if a kernel does not compile, the device has no room or it refuses something; says
    ///     what to do
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
            // Not plan.execute(): that keeps a result for every call.
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
                    + "--recompute or a smaller rank, or let more of the card be used: LLAMS_GPU_MEMORY=40GB"
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
                    + "; the results would be wrong. TornadoVM has printed OpenCL's number for the reason: -4 and"
                    + " -5 are too little memory"
                    + " (use fewer tokens), others another driver may not give, and --device cpu does not");
        }
    }

    /// What the device took for each task in the last run, by the driver's clock.
    long[] kernelNanos() {
        long[] nanos = new long[tasks.size()];
        Matcher times = TASK_TIME.matcher(profileLog);
        while (times.find()) {
            nanos[Integer.parseInt(times.group(1))] = Long.parseLong(times.group(2));
        }
        return nanos;
    }

    /// After the first run: where the device has a block that this graph made.
    void keepBuffer(HostedBlock block) {
        block.buffer = TornadoInternals.of(ready, block.array);
        if (block.buffer.toBuffer() == 0) {
            throw new IllegalStateException("gpu: out of device memory: " + Gpu.name() + " gave no buffer of "
                    + block.bytes() + " bytes; use fewer tokens, --recompute or a smaller rank");
        }
    }

    @Override
    public void close() {
        // TornadoVM fails at freeing what it did not get.
        if (hasRun) {
            try {
                plan.close();
            } catch (TornadoExecutionPlanException e) {
                throw new IllegalStateException("gpu: " + e.getMessage(), e);
            }
        }
    }
}
