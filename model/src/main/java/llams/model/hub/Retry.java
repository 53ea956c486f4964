package llams.model.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;
import llams.model.http.BusyException;
import llams.model.http.HttpCaller;

/// Repeats what the network or a server failed to do, waiting longer each time.
///
/// @param endpoint for messages
record Retry(String endpoint, Patience patience, TransferListener listener) {
    /// How long to keep trying.
    ///
    /// @param attempts   of one request in a row without progress
    /// @param firstWait  before the second attempt; each further one waits twice as long
    /// @param stall      how long a connection may be silent before it counts as cut
    /// @param leastBytes the fewest bytes in that time: slower, a model would take years
    record Patience(int attempts, Duration firstWait, Duration stall, long leastBytes) {
        static final Patience USUAL = new Patience(6, Duration.ofSeconds(1), Duration.ofSeconds(30), 1 << 16);
    }

    /// One request, from its start.
    interface Attempt<T> {
        T run() throws IOException;
    }

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
    /// Fewer new bytes do not count as progress: a server that sends one per connection would be asked for ever.
    private static final long PROGRESS_BYTES = 1 << 20;

    <T> T run(String what, Attempt<T> attempt) throws IOException {
        return run(what, () -> 0, attempt);
    }

    /// @param progress a count; whenever it grows, attempts are counted anew
    /// @throws HubException if the hub refuses, or all attempts failed
    <T> T run(String what, LongSupplier progress, Attempt<T> attempt) throws IOException {
        int failed = 0;
        while (true) {
            long before = progress.getAsLong();
            try {
                return attempt.run();
            } catch (HubException e) {
                throw e;
            } catch (IOException e) {
                refuseUntrusted(e);
                failed = progress.getAsLong() - before >= PROGRESS_BYTES ? 1 : failed + 1;
                String reason = HttpCaller.reason(e);
                Duration wait = patience.firstWait.multipliedBy(1L << (failed - 1));
                if (e instanceof BusyException busy && busy.wait.compareTo(wait) > 0) {
                    wait = busy.wait;
                }
                if (failed == patience.attempts || wait.compareTo(LONGEST_WAIT) > 0) {
                    throw new HubException(what + " at " + endpoint + ": " + reason + "; given up after " + failed
                            + (failed == 1 ? " attempt" : " attempts") + ", the same command continues from here", e);
                }
                listener.note(what + ": " + reason + "; retrying in " + wait.toSeconds() + " s");
                sleep(wait);
            }
        }
    }

    /// A certificate does not change by retrying.
    private void refuseUntrusted(IOException failure) throws HubException {
        String untrusted = HttpCaller.untrustedOrNull(failure);
        if (untrusted != null) {
            throw new HubException(endpoint + ": " + untrusted, failure);
        }
    }

    private static void sleep(Duration wait) throws HubException {
        try {
            Thread.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }
}
