package llams.engine.tornado.graphs;

import java.lang.reflect.Method;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.common.Event;
import uk.ac.manchester.tornado.runtime.common.TornadoOptions;

/// Whether an OpenCL driver took what it was asked for. TornadoVM prints what it refuses and goes on with the next, so
/// the results would be those of a graph with tasks missing. But what is taken leaves an event in a ring of
/// TornadoVM's, and what is refused none.
final class OpenClCommands {
    static final int NONE = -1;
    /// How the events of launches are called.
    private static final String LAUNCH = "kernel";
    private static final Method HANDLE = handle();
    private int next;

    private static Method handle() {
        try {
            return Class.forName("uk.ac.manchester.tornado.drivers.opencl.OCLEvent").getMethod("getOclEventID");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("gpu: what TornadoVM's OpenCL driver refuses cannot be found out (" + e
                    + "); use the TornadoVM version of docs/gpu.md", e);
        }
    }

    /// The first task since the last call of which something was refused, or [#NONE].
    ///
    /// @param plan TornadoVM's number of the plan that all of them belong to
    int refused(long plan) {
        int end = Gpu.device().enqueueMarker(plan);
        if (end < 0) {
            throw new IllegalStateException("gpu: " + Gpu.name() + " has an OpenCL before 1.2, where nobody is told"
                    + " what it refuses; use --device cpu");
        }
        int from = next;
        next = behind(end);
        int launches = 0;
        for (int at = from; at != end; at = behind(at)) {
            Event event = Gpu.device().resolveEvent(plan, at);
            if (isNone(event)) {
                return launches;
            }
            launches += event.getName().startsWith(LAUNCH) ? 1 : 0;
        }
        return NONE;
    }

    private static int behind(int event) {
        return (event + 1) % TornadoOptions.EVENT_WINDOW;
    }

    private static boolean isNone(Event event) {
        try {
            return (long) HANDLE.invoke(event) == 0;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("gpu: " + event + ": " + e, e);
        }
    }
}
