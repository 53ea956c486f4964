package llams.trainer.distributed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A failure that all workers know of: each of them throws it, so that one can say it for all.
public final class AgreedException extends IOException {
    private static final long serialVersionUID = 1;

    /// Whether this worker is the one that says it.
    public final boolean isSaidHere;
    /// The exception of this worker, if it was the same at all workers; else null.
    public final transient Exception same;

    private AgreedException(String message, boolean isSaidHere, Exception same) {
        super(message, same);
        this.isSaidHere = isSaidHere;
        this.same = same;
    }

    /// For all workers to call at the same place: returns if none has failed.
    ///
    /// @param failure what went wrong at this worker, one line; empty if nothing did
    /// @param own     the exception of this worker; may be null
    /// @throws AgreedException if any has: names the workers, with what went wrong, unless it is the same at all
    public static void check(Collective workers, String failure, Exception own) throws AgreedException {
        List<String> failures = Texts.ofAll(workers, failure);
        if (failures.stream().allMatch(String::isEmpty)) {
            return;
        }
        if (Set.copyOf(failures).size() == 1) {
            throw new AgreedException(failure, workers.rank() == 0, own);
        }
        List<String> hosts = Texts.ofAll(workers, Presence.hostName());
        Map<String, List<String>> failed = new LinkedHashMap<>();
        for (int worker = 0; worker < failures.size(); worker++) {
            if (!failures.get(worker).isEmpty()) {
                failed.computeIfAbsent(failures.get(worker), _ -> new ArrayList<>())
                        .add("worker " + worker + " on " + hosts.get(worker));
            }
        }
        List<String> messages = new ArrayList<>();
        failed.forEach((message, at) -> messages.add(String.join(", ", at) + ": " + message));
        throw new AgreedException(String.join("; ", messages), workers.rank() == 0, null);
    }
}
