package llams.trainer.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Texts that workers tell each other.
public final class Texts {
    private Texts() {}

    /// What worker `root` says, at all workers.
    ///
    /// @param own what this worker would say
    public static String told(Collective workers, String own, int root) {
        if (workers.size() == 1) {
            return own;
        }
        byte[] bytes = own.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, bytes.length);
            workers.broadcast(length, root);
            MemorySegment text = arena.allocate(length.get(ValueLayout.JAVA_INT, 0));
            if (workers.rank() == root) {
                text.copyFrom(MemorySegment.ofArray(bytes));
            }
            workers.broadcast(text, root);
            return new String(text.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    /// What each worker says, at all workers and in their order.
    public static List<String> ofAll(Collective workers, String own) {
        List<String> all = new ArrayList<>();
        for (int worker = 0; worker < workers.size(); worker++) {
            all.add(told(workers, own, worker));
        }
        return all;
    }
}
