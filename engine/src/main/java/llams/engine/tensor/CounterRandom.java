package llams.engine.tensor;

/// Random numbers by position instead of by state: the value at an index of a stream depends on the seed, the stream
/// and the index alone, so nothing needs saving to resume, and work can be shared out in any order. The mixing is
/// SplitMix64's (Steele, Lea, Flood 2014).
///
/// @param seed   the run's
/// @param stream which sequence of it
public record CounterRandom(long seed, long stream) {
    /// A stream that belongs to a name, such as a parameter's.
    public static CounterRandom named(long seed, String name) {
        long stream = 0;
        for (int i = 0; i < name.length(); i++) {
            stream = mix(stream + name.charAt(i));
        }
        return new CounterRandom(seed, stream);
    }

    /// 64 random bits.
    public long bits(long index) {
        return mix(mix(mix(seed) + stream) + index);
    }

    /// Uniform in `[0, 1)`, 53 bits.
    public double uniform(long index) {
        return (bits(index) >>> 11) * 0x1p-53;
    }

    /// Uniform in `[0, bound)`.
    public int below(int bound, long index) {
        return (int) Math.multiplyHigh(bits(index) >>> 1, (long) bound << 1);
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller); uses the indexes `2 index` and `2 index + 1`.
    public double gaussian(long index) {
        double radius = Math.sqrt(-2 * StrictMath.log(1 - uniform(2 * index)));
        return radius * StrictMath.cos(2 * Math.PI * uniform(2 * index + 1));
    }

    private static long mix(long z) {
        z += 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
