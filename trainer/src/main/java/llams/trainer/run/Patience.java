package llams.trainer.run;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import llams.engine.io.NoRoomException;

/// Writes what must not be lost: while the disk is full it says so and tries again.
final class Patience {
    /// Something to write, from the beginning each time.
    @FunctionalInterface
    interface Attempt {
        void write() throws IOException;
    }

    /// Between two attempts, usually.
    static final Duration PAUSE = Duration.ofSeconds(10);
    private static final int ATTEMPTS_A_MESSAGE = 6;

    private final Duration pause;
    private boolean ended;

    /// @param pause between two attempts
    Patience(Duration pause) {
        this.pause = pause;
    }

    /// Writes, and returns when all is written.
    ///
    /// @param what is written, for the messages
    /// @param say  hears what is waited for, at the first attempt that fails and every sixth from there
    /// @throws NoRoomException if [#end] is called while it waits
    /// @throws IOException     if it fails for another reason than lack of room
    void write(String what, Consumer<String> say, Attempt attempt) throws IOException {
        // An earlier request to give up is void: from here on there are trained weights to lose.
        set(false);
        for (int failed = 0; true; failed++) {
            try {
                attempt.write();
                return;
            } catch (NoRoomException e) {
                if (failed % ATTEMPTS_A_MESSAGE == 0) {
                    say.accept("no room for " + what + ": " + e.getMessage() + "; make room: this is retried every "
                            + pause.toSeconds() + " s; interrupt to stop without " + what);
                }
                sleep();
                if (ended()) {
                    throw e;
                }
            }
        }
    }

    /// Makes [#write] give up if it is waiting. To be called from another thread.
    void end() {
        set(true);
    }

    private synchronized void set(boolean value) {
        ended = value;
        notifyAll();
    }

    private synchronized boolean ended() {
        return ended;
    }

    private synchronized void sleep() {
        try {
            long until = System.nanoTime() + pause.toNanos();
            for (long left = pause.toNanos(); left > 0 && !ended; left = until - System.nanoTime()) {
                wait(Math.max(1, left / 1_000_000));
            }
        } catch (InterruptedException e) {
            ended = true;
            Thread.currentThread().interrupt();
        }
    }
}
