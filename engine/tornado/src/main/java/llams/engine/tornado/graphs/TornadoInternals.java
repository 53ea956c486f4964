package llams.engine.tornado.graphs;

import java.lang.reflect.Field;
import java.util.List;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.SchedulableTask;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.common.XPUDeviceBufferState;
import uk.ac.manchester.tornado.runtime.graph.TornadoExecutionContext;
import uk.ac.manchester.tornado.runtime.tasks.TornadoTaskGraph;

/// Reaches into TornadoVM, so that many graphs work on the same device memory. TornadoVM hands memory from a graph only
/// to the one that runs right after it, within one plan whose graphs are all known at the start. Programs are compiled
/// one by one and run in any order; so each graph gets the memory directly, through three private fields
/// (`--add-opens`, see docs/gpu.md).
final class TornadoInternals {
    /// The name of the graph that consumed arrays are declared to come from; none has it.
    static final String SOURCE = "llams";

    private TornadoInternals() {}

    /// The memory that a graph has for an array.
    static XPUBuffer of(ImmutableTaskGraph graph, TornadoNativeArray array) {
        return state(graph, array).getXPUBuffer();
    }

    /// Lets an array of a graph stand for other memory.
    static void put(ImmutableTaskGraph graph, TornadoNativeArray array, XPUBuffer memory) {
        state(graph, array).setXPUBuffer(memory);
    }

    /// TornadoVM's number of the plan that runs a graph.
    static long number(ImmutableTaskGraph graph) {
        return context(graph).getExecutionPlanId();
    }

    /// A compiled task.
    ///
    /// @param plan  TornadoVM's number of the plan that it belongs to
    /// @param code  its code
    /// @param order the objects that are its arguments
    record Compiled(long plan, Object code, List<Object> order) {}

    /// The first task of a graph that has been compiled.
    static Compiled compiled(ImmutableTaskGraph graph) {
        TornadoExecutionContext context = context(graph);
        SchedulableTask task = context.getTask(0);
        TornadoXPUDevice device = (TornadoXPUDevice) Gpu.device();
        return new Compiled(context.getExecutionPlanId(), device.getCodeFromCache(context.getExecutionPlanId(), task),
                List.of(task.getArguments()));
    }

    private static TornadoExecutionContext context(ImmutableTaskGraph graph) {
        Object inner = field(TaskGraph.class, "taskGraphImpl", field(ImmutableTaskGraph.class, "taskGraph", graph));
        return (TornadoExecutionContext) field(TornadoTaskGraph.class, "executionContext", inner);
    }

    private static XPUDeviceBufferState state(ImmutableTaskGraph graph, TornadoNativeArray array) {
        return context(graph).getLocalStateObject(array, Access.READ_WRITE)
                .getDataObjectState()
                .getDeviceBufferState(Gpu.device());
    }

    private static Object field(Class<?> type, String name, Object of) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.get(of);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new IllegalStateException("gpu: cannot reach " + type.getName() + "." + name + ": " + e
                    + "; start with ./llams, which opens TornadoVM's packages, and use the TornadoVM version of"
                    + " docs/gpu.md", e);
        }
    }
}
