package llams.trainer.data;

/// Counter-based randomness: a number is a function of its coordinates, so nothing has to be replayed to get at it.
final class Mix {
    private Mix() {}

    /// 64 well-mixed bits of three coordinates (SplitMix64's finalizer, once for each).
    static long of(long a, long b, long c) {
        return mix(mix(mix(a) + b) + c);
    }

    private static long mix(long z) {
        z += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
