package llams.model.merge;

import java.io.IOException;
import java.util.List;

/// Models that cannot be merged, with every reason.
public final class MergeException extends IOException {
    private static final long serialVersionUID = 1;
    private static final int SHOWN = 5;

    /// All reasons, one per line; the message holds the first few.
    public final transient List<String> problems;

    public MergeException(String what, List<String> problems) {
        super(what + ": " + summary(problems));
        this.problems = List.copyOf(problems);
    }

    private static String summary(List<String> problems) {
        int shown = Math.min(SHOWN, problems.size());
        String more = problems.size() > shown ? "; and " + (problems.size() - shown) + " more" : "";
        return String.join("; ", problems.subList(0, shown)) + more;
    }
}
