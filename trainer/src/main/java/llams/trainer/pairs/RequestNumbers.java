package llams.trainer.pairs;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/// Which request is next: the lowest number that is neither under way nor finished.
final class RequestNumbers {
    private final int asks;
    private final BitSet taken = new BitSet();
    private final Map<Integer, Integer> unusable = new HashMap<>();

    /// @param asks how often a request is asked before it is given up
    RequestNumbers(int asks) {
        this.asks = asks;
    }

    int take() {
        int next = taken.nextClearBit(0);
        taken.set(next);
        return next;
    }

    /// Gives back a number that was not asked after all.
    void free(int number) {
        taken.clear(number);
    }

    /// @return whether the request is finished: it has brought pairs, or is given up
    boolean came(Outcome outcome) {
        int number = outcome.request();
        boolean finished = !outcome.pairs().isEmpty() || unusable.merge(number, 1, Integer::sum) >= asks;
        taken.set(number, finished);
        return finished;
    }
}
