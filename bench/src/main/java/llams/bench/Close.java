package llams.bench;

import llams.engine.tensor.Tensor;

/// Compares answers: a benchmark of a wrong result is worth nothing.
final class Close {
    private Close() {}

    /// Compares the first elements of `actual`, as many as `expected` has.
    ///
    /// @param tolerance as a part of the root mean square of what is expected, but for zeros: rows that a kernel leaves
    ///                  out must not make it smaller
    /// @throws IllegalStateException if an element is further off, or there is no number in it at all
    static void check(String what, Tensor actual, Tensor expected, double tolerance) {
        double squares = 0;
        long counted = 0;
        for (long i = 0; i < expected.elements(); i++) {
            double value = expected.getFloat(i);
            squares += value * value;
            counted += value != 0 ? 1 : 0;
        }
        double limit = counted == 0 ? 0 : tolerance * Math.sqrt(squares / counted);
        for (long i = 0; i < expected.elements(); i++) {
            check(what + " [" + i + "]", actual.getFloat(i), expected.getFloat(i), limit);
        }
    }

    /// @param limit the greatest difference allowed
    static void check(String what, double actual, double expected, double limit) {
        if (!(Math.abs(actual - expected) <= limit)) {
            throw new IllegalStateException(
                    "wrong answer: " + what + " is " + actual + ", not " + expected + " (allowed: ±" + limit + ")");
        }
    }
}
