package llams.trainer.run;

import java.util.Locale;
import llams.model.files.SettingException;

/// How the gradients of a step's micro-batches are added up, and by how many workers.
///
/// @param order   of the sum
/// @param workers that share the micro-batches of each step; each has as many in a row
public record Summation(Order order, int workers) {
    /// The order decides the last bits of a sum.
    public enum Order {
        /// One micro-batch after the other, each added as it is computed: no memory beyond that of one gradient, and the
        /// same bits however the sequences are divided into micro-batches.
        IN_ORDER,
        /// Micro-batches 0 and 1, 2 and 3, and so on, then these sums in the same way: the same bits for any number of
        /// workers. A worker that has n of them holds up to log2(n) sums beside the gradient.
        PAIRWISE;

        /// `in-order` or `pairwise`.
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public static final Summation STANDARD = new Summation(Order.IN_ORDER, 1);

    /// @throws SettingException if several workers are to add in order
    public Summation {
        SettingException.check(workers == 1 || order == Order.PAIRWISE, "sum", order,
                Order.PAIRWISE + " with several workers");
    }

    boolean isPairwise() {
        return order == Order.PAIRWISE;
    }

    /// How many micro-batches of a step a worker has, of `accumulate` in all.
    int own(int accumulate) {
        return accumulate / workers;
    }

    /// How many sums are held beside the gradient by a worker that has `own` micro-batches.
    int levels(int own) {
        return isPairwise() ? Integer.SIZE - Integer.numberOfLeadingZeros(own - 1) : 0;
    }
}
