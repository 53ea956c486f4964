package llams.server;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// What the answers to a request have said and its client has not been sent: filled by the thread that generates, which
/// never waits, and emptied by the one that writes to the client. A client that falls too far behind is cut off.
final class Outbox {
    /// What happens to one of a request's answers.
    sealed interface Event {
        int choice();
    }

    /// The answer has begun.
    record Begun(int choice) implements Event {}

    /// @param scoreOrNull if it was asked for; null for text that comes without a token, at the end
    record Piece(int choice, String text, TokenScore scoreOrNull) implements Event {}

    record Ended(int choice) implements Event {}

    record Failed(int choice, RuntimeException problem) implements Event {}

    /// What a client may be behind by.
    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<Event> events = new ArrayDeque<>();
    /// The thread that writes to the client.
    private final Thread writer = Thread.currentThread();
    private volatile boolean isWanted = true;

    /// Made by the thread that will write.
    ///
    /// @param most events that it may be behind by
    Outbox(int most) {
        this.most = most;
    }

    boolean isWanted() {
        return isWanted;
    }

    /// Nobody waits for the answers any more.
    void abandon() {
        isWanted = false;
    }

    void put(Event event) {
        lock.lock();
        try {
            if (events.size() == most && isWanted) {
                isWanted = false;
                // It waits for a client that does not read; this closes the connection.
                writer.interrupt();
            }
            if (isWanted) {
                events.add(event);
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The next event; null if there is none within this time.
    Event take(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (events.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return events.poll();
        } finally {
            lock.unlock();
        }
    }

}
