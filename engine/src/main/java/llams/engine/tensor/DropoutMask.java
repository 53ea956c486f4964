package llams.engine.tensor;

/// Which elements a dropout keeps. It depends on the seeds, the stream and the element's index alone, so every device
/// drops the same ones, and the gradient repeats the forward pass's choice without storing it.
///
/// An element's 32 random bits are `mix(mix(low half of the index + seed0) ^ key)`; it is kept if the upper 24 of them
/// reach [#bar].
///
/// @param stream tells the dropouts of a program apart
/// @param rate   probability of being dropped
public record DropoutMask(int seed0, int seed1, int stream, float rate) {
    /// The factors of [#mix].
    public static final int ROUND_1 = 0x21f0aaad;
    public static final int ROUND_2 = 0xd35a2d97;

    public boolean keeps(long index) {
        return mix(mix((int) index + seed0) ^ key(index)) >>> 8 >= bar();
    }

    /// What a kept element is multiplied by, so that the mean stays.
    public float keptScale() {
        return 1 / (1 - rate);
    }

    /// Elements whose 24 bits are below it are dropped.
    public int bar() {
        return Math.round(rate * 0x1p24f);
    }

    /// The same for all elements whose index has the same upper half.
    public int key(long index) {
        return mix(mix(mix(seed0 ^ 0x5bd1e995) + seed1) + stream) + (int) (index >>> 32) * 0x9e3779b9;
    }

    /// A bijection of 32 bits with little bias (xor-shift and multiply, constants from Wellons' hash prospector).
    private static int mix(int h) {
        h = (h ^ h >>> 15) * ROUND_1;
        h = (h ^ h >>> 15) * ROUND_2;
        return h ^ h >>> 15;
    }
}
