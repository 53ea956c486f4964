package llams.engine.tornado.graphs;

import java.lang.reflect.Method;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.common.Event;
import uk.ac.manchester.tornado.runtime.common.TornadoOptions;

/// Finds commands that an OpenCL driver refused. TornadoVM prints a refusal and continues with the next task, so a
/// graph would silently skip tasks. But an accepted command leaves an event in TornadoVM's ring of events, and a
/// refused one does not.
final class OpenClCommands {
    static final int NONE = -1;
    /// The start of a launch event's name.
    private static final String LAUNCH = "kernel";
    private static final Method HANDLE = handle();
    private int next;

    private static Method handle() {
        try {
            return Class.forName("uk.ac.manchester.tornado.drivers.opencl.OCLEvent").getMethod("getOclEventID");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("gpu: commands that TornadoVM's OpenCL driver refuses cannot be detected ("
                    + e + "); use the TornadoVM version of docs/gpu.md", e);
        }
    }

    /// The first task since the last call that had a command refused, or [#NONE].
    ///
    /// @param plan TornadoVM's number of the execution plan that all tasks belong to
    int refused(long plan) {
        int end = Gpu.device().enqueueMarker(plan);
        if (end < 0) {
            throw new IllegalStateException(
                    "gpu: " + Gpu.name() + " has an OpenCL older than 1.2, where refused commands"
                            + " cannot be detected; use --device cpu");
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
