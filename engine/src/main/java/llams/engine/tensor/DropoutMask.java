package llams.engine.tensor;

/// Which elements a dropout keeps, and noise: a hash of the run's seed, the dropout's stream and the element's index, so that no
/// mask is stored and every device drops the same elements.
public final class DropoutMask {
    public static final int ROUND_1 = 0x21f0aaad;
    public static final int ROUND_2 = 0xd35a2d97;

    private DropoutMask() {}

    public static boolean isKept(int seed0, int seed1, int stream, long index, float rate) {
        return hash(seed0, seed1, stream, index) >>> 8 >= bar(rate);
    }

    /// Evenly spread over [-1, 1).
    public static float uniform(int seed0, int seed1, int stream, long index) {
        return (hash(seed0, seed1, stream, index) >>> 8) * 0x1p-23f - 1;
    }

    private static int hash(int seed0, int seed1, int stream, long index) {
        return mix(mix((int) index + seed0) ^ key(seed0, seed1, stream, index));
    }

    /// Elements are dropped if the upper 24 bits of their hash are below this.
    public static int bar(float rate) {
        return Math.round(rate * 0x1p24f);
    }

    /// What the hashes of all elements whose indices share the upper 32 bits have in common.
    public static int key(int seed0, int seed1, int stream, long index) {
        return mix(mix(mix(seed0 ^ 0x5bd1e995) + seed1) + stream) + (int) (index >>> 32) * 0x9e3779b9;
    }

    /// A bijection of 32 bits with little bias (xor-shift and multiply, constants from Wellons' hash prospector).
    private static int mix(int h) {
        h = (h ^ h >>> 15) * ROUND_1;
        h = (h ^ h >>> 15) * ROUND_2;
        return h ^ h >>> 15;
    }
}
