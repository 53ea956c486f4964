package llams.engine.tornado.graphs;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import llams.engine.tornado.cuda.CudaKernel;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport;

/// Compiles kernels for CUDA with TornadoVM, each once per process, for the driver to launch.
public final class KernelCompiler {
    private static final Map<Kernel, CudaKernel> COMPILED = new EnumMap<>(Kernel.class);

    private KernelCompiler() {}

    /// @param operands the kinds of its blocks, which are always the same for a kernel
    public static synchronized CudaKernel compiled(Kernel kernel, List<DeviceBlock.Kind> operands) {
        return COMPILED.computeIfAbsent(kernel, key -> compile(key, operands));
    }

    private static CudaKernel compile(Kernel kernel, List<DeviceBlock.Kind> kinds) {
        IntArray pc = new IntArray(1);
        IntArray ints = new IntArray(1);
        FloatArray consts = new FloatArray(1);
        IntArray start = new IntArray(1);
        List<TornadoNativeArray> operands = new ArrayList<>();
        for (DeviceBlock.Kind kind : kinds) {
            operands.add(switch (kind) {
                case FLOATS -> new FloatArray(1);
                case SHORTS -> new ShortArray(1);
                case INTS -> new IntArray(1);
            });
        }
        TornadoGraph graph = new TornadoGraph().allocate(pc, ints, consts, start)
                .allocate(operands.toArray(TornadoNativeArray[]::new));
        TornadoGraph.Task task = graph.task(kernel.localX, kernel.localY, kernel.toString());
        kernel.add(new Kernel.Binding(graph.taskGraph(), task.id(), TornadoGraph.CONTEXT, pc, ints, consts, operands,
                start));
        TornadoInternals.Compiled compiled = graph.compile();
        List<TornadoNativeArray> named = List.of(pc, ints, consts, start);
        int[] arguments = compiled.order()
                .stream()
                .filter(argument -> !(argument instanceof KernelContext))
                .mapToInt(argument -> place(argument, named, operands))
                .toArray();
        TornadoDevice device = Gpu.device();
        return new CudaKernel(function(kernel, compiled.code()), arguments,
                ((TornadoNativeStreamSupport) device).getNativeContext(compiled.plan()));
    }

    private static int place(Object argument, List<TornadoNativeArray> named, List<TornadoNativeArray> operands) {
        for (int i = 0; i < named.size(); i++) {
            if (named.get(i) == argument) {
                return CudaKernel.PC - i;
            }
        }
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i) == argument) {
                return i;
            }
        }
        throw new IllegalStateException("gpu: TornadoVM passes a kernel an unknown argument: " + argument);
    }

    /// TornadoVM's backend keeps the handle as the first field of a native structure.
    @SuppressWarnings("restricted")
    private static long function(Kernel kernel, Object code) {
        try {
            if (code == null) {
                throw new IllegalStateException("there is no code");
            }
            Object inner = code.getClass().getMethod("getKernel").invoke(code);
            long structure = inner == null ? 0 : (long) inner.getClass().getMethod("getOclKernelID").invoke(inner);
            if (structure == 0) {
                throw new IllegalStateException("the driver refused it");
            }
            return MemorySegment.ofAddress(structure).reinterpret(Long.BYTES).get(ValueLayout.JAVA_LONG, 0);
        } catch (ReflectiveOperationException | IllegalStateException e) {
            throw new IllegalStateException("gpu: TornadoVM could not compile " + kernel + " (" + e.getMessage()
                    + "); its output above says why; use the TornadoVM version of docs/gpu.md", e);
        }
    }
}
