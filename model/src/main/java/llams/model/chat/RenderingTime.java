package llams.model.chat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Collection;
import java.util.Map;

/// Ends the rendering of a template that would never end. Counts the processor time of the rendering thread, so
/// that a busy machine refuses nothing.
final class RenderingTime {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final long MOST_NANOS = 250_000_000;
    /// For a first rendering, which loads classes.
    private static final long MOST_NANOS_COLD = 1_000_000_000;
    /// Templates of published models take less than 1 ms for a message.
    private static final long MOST_NANOS_PER_ELEMENT = 20_000_000;

    private static volatile boolean isWarm;

    private long endNanos;

    /// @param values what is rendered: each element of a list in it, a message or a tool, gives more time
    void start(Map<String, Object> values) {
        endNanos = THREADS.getCurrentThreadCpuTime() + (isWarm ? MOST_NANOS : MOST_NANOS_COLD);
        isWarm = true;
        for (Object value : values.values()) {
            endNanos += MOST_NANOS_PER_ELEMENT * (value instanceof Collection<?> list ? list.size() : 0);
        }
    }

    /// @throws TemplateException if the time is over
    void check() {
        if (THREADS.getCurrentThreadCpuTime() > endNanos) {
            throw new TemplateException(0, "it was stopped: it takes far longer than a conversation of this length"
                    + " needs; does it loop over too much?");
        }
    }
}
