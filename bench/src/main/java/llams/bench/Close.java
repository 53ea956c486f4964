package llams.bench;

import llams.engine.tensor.Tensor;

/// Compares answers: a benchmark of a wrong result is worth nothing.
final class Close {
    private Close() {}

    /// Compares the first elements of `actual`, as many as `expected` has.
    ///
    /// @param tolerance as a part of the root mean square of what is expected
    /// @throws IllegalStateException if an element is further off, or there is no number in it at all
    static void check(String what, Tensor actual, Tensor expected, double tolerance) {
        double squares = 0;
        for (long i = 0; i < expected.elements(); i++) {
            squares += (double) expected.getFloat(i) * expected.getFloat(i);
        }
        double limit = tolerance * Math.sqrt(squares / expected.elements());
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
