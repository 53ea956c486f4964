package llams.trainer.distributed;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.Consumer;

/// Messages of a run that notices when it cannot go on: a worker has ended, its machine or the network is down, or a
/// message takes too long. The launchers' libraries wait for ever in some of these cases.
final class WatchedMessages implements Messages {
    private final Messages messages;
    private final Presence presence;
    private final Duration longest;
    private final Consumer<String> lost;
    /// When the present call began, 0 between calls; as [System#nanoTime].
    private volatile long began;

    private WatchedMessages(Messages messages, Presence presence, Duration longest, Consumer<String> lost) {
        this.messages = messages;
        this.presence = presence;
        this.longest = longest;
        this.lost = lost;
    }

    /// @throws IllegalStateException if the workers cannot reach each other
    static Messages of(Messages messages, Duration silence, Duration longest, Consumer<String> lost) {
        if (messages.size() == 1) {
            return messages;
        }
        try {
            WatchedMessages watched = new WatchedMessages(messages, Presence.of(messages, silence, lost), longest,
                    lost);
            Thread.ofPlatform().daemon().name("watchdog").start(watched::watch);
            return watched;
        } catch (IOException e) {
            throw new IllegalStateException("worker " + messages.rank() + ": " + e.getMessage(), e);
        }
    }

    /// Counts the seconds of a call: those in which the process itself was stopped are none.
    private void watch() {
        try {
            long call = 0;
            for (long seconds = 0;; seconds++) {
                Thread.sleep(1000);
                if (began == 0 || began != call) {
                    call = began;
                    seconds = 0;
                }
                if (seconds > longest.toSeconds()) {
                    lost.accept("worker " + messages.rank() + " has waited " + longest.toSeconds()
                            + " s for the others, the most that it may");
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void timed(Runnable call) {
        began = System.nanoTime() | 1;
        call.run();
        began = 0;
    }

    @Override
    public int rank() {
        return messages.rank();
    }

    @Override
    public int size() {
        return messages.size();
    }

    @Override
    public void send(MemorySegment bytes, int peer) {
        timed(() -> messages.send(bytes, peer));
    }

    @Override
    public void receive(MemorySegment bytes, int peer) {
        timed(() -> messages.receive(bytes, peer));
    }

    @Override
    public void exchange(MemorySegment sent, MemorySegment received, int peer) {
        timed(() -> messages.exchange(sent, received, peer));
    }

    @Override
    public void broadcast(MemorySegment bytes, int root) {
        timed(() -> messages.broadcast(bytes, root));
    }

    @Override
    public void barrier() {
        timed(messages::barrier);
    }

    /// However long it takes.
    @Override
    public void await(int root) {
        messages.await(root);
    }

    @Override
    public boolean isForAnyThread() {
        return messages.isForAnyThread();
    }

    @Override
    public void close() {
        // From here on a worker may end without the others.
        barrier();
        presence.close();
        messages.close();
    }
}
