package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import llams.engine.tensor.Tensor;

/// The vector species of every kernel, in one place, and the vector functions they share.
///
/// The width is what the machine prefers; the system property `llams.vectorBits` (128, 256 or 512) overrides it: some
/// chips run 512-bit code slower than 256-bit code.
///
/// Sums across lanes never use `reduceLanes(ADD)`: its order is unspecified and changes when a loop gets compiled, so
/// the first steps of a run would differ in their last bits from later ones. [#sum] has one order everywhere.
final class Simd {
    static final int BITS = bits();
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Double> D = VectorSpecies.of(double.class, VectorShape.forBitSize(BITS));
    /// As many lanes as [#F], for bf16 and f16.
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
    static final int LANES = F.length();
    /// As many lanes as [#F], for the bytes of Q8_0; twice as many with 128 bits, as no shape is so small.
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class,
            VectorShape.forBitSize(Math.max(64, BITS / 4)));
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private static final VectorShuffle<Float> HALF = VectorShuffle.iota(F, LANES / 2, 1, true);
    private static final VectorShuffle<Float> QUARTER = VectorShuffle.iota(F, LANES / 4, 1, true);
    private static final VectorShuffle<Float> EIGHTH = VectorShuffle.iota(F, Math.max(1, LANES / 8), 1, true);
    private static final VectorShuffle<Float> ONE = VectorShuffle.iota(F, 1, 1, true);

    private Simd() {}

    private static int bits() {
        String wanted = System.getProperty("llams.vectorBits");
        if (wanted == null) {
            return Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
        }
        return switch (wanted) {
            case "128" -> 128;
            case "256" -> 256;
            case "512" -> 512;
            default -> throw new IllegalArgumentException("system property llams.vectorBits is \"" + wanted
                    + "\"; it must be 128, 256 or 512 (leave it out for the machine's own width)");
        };
    }

    static FloatVector load(MemorySegment segment, long element) {
        return FloatVector.fromMemorySegment(F, segment, element * 4, LE);
    }

    static void store(FloatVector v, MemorySegment segment, long element) {
        v.intoMemorySegment(segment, element * 4, LE);
    }

    static FloatVector loadBf16(MemorySegment segment, long element) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(S, segment, element * 2, LE)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /// Exact for every f16, subnormals, infinities and NaN included: the 15 magnitude bits are moved into f32's fields
    /// and the product with 2^112 corrects the exponent's bias (and normalises subnormals); an exponent of 31 becomes
    /// 255.
    static FloatVector loadF16(MemorySegment segment, long element) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(S, segment, element * 2, LE)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
        IntVector sign = bits.and(0x8000);
        IntVector widened = bits.sub(sign)
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(0x1p112f)
                .reinterpretAsInts();
        VectorMask<Integer> special = widened.compare(VectorOperators.GE, 0x47800000);
        return widened.blend(widened.or(0x7f800000), special)
                .or(sign.lanewise(VectorOperators.LSHL, 16))
                .reinterpretAsFloats();
    }

    /// The scale of the Q8_0 block at this offset, in each lane.
    static FloatVector q8Scale(MemorySegment segment, long offsetBytes) {
        return FloatVector.broadcast(F, Float16Table.VALUES[segment.get(Tensor.I16, offsetBytes) & 0xffff]);
    }

    /// The first of `2 * LANES` signed bytes, not yet scaled. All of them must be in the segment.
    static FloatVector q8Lower(MemorySegment segment, long offsetBytes) {
        return (FloatVector) ByteVector.fromMemorySegment(B, segment, offsetBytes, LE)
                .convertShape(VectorOperators.B2F, F, 0);
    }

    /// The others of these bytes.
    static FloatVector q8Upper(MemorySegment segment, long offsetBytes) {
        return LANES == 4
                ? (FloatVector) ByteVector.fromMemorySegment(B, segment, offsetBytes, LE)
                        .convertShape(VectorOperators.B2F, F, 1)
                : q8Lower(segment, offsetBytes + LANES);
    }

    /// The sum of all lanes: halves added, then quarters, and so on, whatever the compiler does.
    static float sum(FloatVector v) {
        v = v.add(v.rearrange(HALF));
        v = v.add(v.rearrange(QUARTER));
        if (LANES >= 8) {
            v = v.add(v.rearrange(EIGHTH));
        }
        if (LANES >= 16) {
            v = v.add(v.rearrange(ONE));
        }
        return v.lane(0);
    }

    /// `e^x` in each lane, at most 2 ulp off; NaN stays NaN, above 88.7228 is infinity, below -86.6434 (a result under
    /// 2^-125) is 0, so that no subnormal slows a sum down.
    ///
    /// `x = n ln 2 + r`, `|r| <= ln 2 / 2`: a polynomial of degree 6 (relative error 3.1e-9) gives `2 e^r`, which is
    /// scaled by `2^(n-1)`; the doubling keeps that factor's exponent legal up to the largest float.
    static FloatVector exp(FloatVector x) {
        // Adding 1.5 * 2^23 + 126 rounds to an integer and leaves n - 1 + 127 in the low bits.
        FloatVector magic = FloatVector.broadcast(F, 0x1.8p23f + 126);
        FloatVector t = x.fma(FloatVector.broadcast(F, 1.44269504f), magic);
        FloatVector n = t.sub(magic);
        FloatVector r = n.fma(FloatVector.broadcast(F, -0.693145752f), x);
        r = n.fma(FloatVector.broadcast(F, -1.42860677e-6f), r);
        FloatVector p = FloatVector.broadcast(F, 2 * 0.0013814540085458705f);
        p = p.fma(r, FloatVector.broadcast(F, 2 * 0.008368745107537085f));
        p = p.fma(r, FloatVector.broadcast(F, 2 * 0.04166839078537305f));
        p = p.fma(r, FloatVector.broadcast(F, 2 * 0.16666520399057966f));
        p = p.fma(r, FloatVector.broadcast(F, 2 * 0.49999993432120354f));
        p = p.fma(r, FloatVector.broadcast(F, 2));
        p = p.fma(r, FloatVector.broadcast(F, 2));
        FloatVector scale = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector y = p.mul(scale);
        y = y.blend(0, x.compare(VectorOperators.LT, -86.6434f));
        return y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, 88.7228394f));
    }
}
