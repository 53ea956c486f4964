package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Tensor;

/// The vector species of every kernel, in one place, and the vector functions they share.
///
/// The width is what the machine prefers; the system property `llams.vectorBits` (128, 256 or 512) overrides it: some
/// chips run 512-bit code slower than 256-bit code.
///
/// Results are the same bits for every width, so every sum across lanes is made in [#SUM_LANES] lanes, however many
/// vectors these take, and element `i` is added to lane `i` modulo `SUM_LANES`: a kernel either keeps all of them in
/// registers, or passes over its data once for each vector of them. [#sum] then folds them in one order; it never uses
/// `reduceLanes(ADD)`, whose order is unspecified and changes when a loop gets compiled. A scalar tail does what the
/// vectors do, operation by operation, `fma` for `fma`.
final class Simd {
    static final int BITS = bits();
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    static final VectorSpecies<Double> D = VectorSpecies.of(double.class, VectorShape.forBitSize(BITS));
    /// As many lanes as [#F], for bf16 and f16.
    static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
    static final int LANES = F.length();
    /// Lanes of every sum: those of the widest vectors.
    static final int SUM_LANES = 16;
    /// As many lanes as [#F], for the bytes of Q8_0, unless these are four.
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class,
            VectorShape.forBitSize(Math.max(64, BITS / 4)));
    private static final ValueLayout.OfInt FOUR_BYTES = ValueLayout.JAVA_INT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    /// Shifts that move byte `i` of an integer to the top of lane `i`, of four.
    private static final IntVector LAST_BYTE = IntVector.zero(I).addIndex(-8).add(24).and(31);
    /// Shifts that move code `i` of NF4, of eight in an integer whose bytes have the first in their upper half, to the
    /// bottom of lane `i`.
    private static final IntVector CODE = IntVector.zero(I).addIndex(4).and(28).lanewise(VectorOperators.XOR, 4);
    private static final VectorMask<Integer> SECOND_EIGHT = IntVector.zero(I)
            .addIndex(1)
            .compare(VectorOperators.GE, 8);
    /// The values of NF4, as bits, in as many vectors as they take.
    private static final IntVector[] NF4 = nf4Values();
    private static final IntVector NF4_0 = NF4[0];
    private static final IntVector NF4_1 = NF4[1 % NF4.length];
    private static final IntVector NF4_2 = NF4[2 % NF4.length];
    private static final IntVector NF4_3 = NF4[3 % NF4.length];
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private static final VectorShuffle<Float> HALF = VectorShuffle.iota(F, LANES / 2, 1, true);
    private static final VectorShuffle<Float> QUARTER = VectorShuffle.iota(F, LANES / 4, 1, true);
    private static final VectorShuffle<Float> EIGHTH = VectorShuffle.iota(F, Math.max(1, LANES / 8), 1, true);
    private static final VectorShuffle<Float> ONE = VectorShuffle.iota(F, 1, 1, true);

    // Of exp: ln 2 in two parts, and the coefficients of `2 e^r`.
    private static final float LOG2_E = 1.44269504f;
    private static final float LN_2_HIGH = -0.693145752f;
    private static final float LN_2_LOW = -1.42860677e-6f;
    /// Adding it rounds to an integer and leaves `n - 1 + 127` in the low bits.
    private static final float MAGIC = 0x1.8p23f + 126;
    private static final float E6 = 2 * 0.0013814540085458705f;
    private static final float E5 = 2 * 0.008368745107537085f;
    private static final float E4 = 2 * 0.04166839078537305f;
    private static final float E3 = 2 * 0.16666520399057966f;
    private static final float E2 = 2 * 0.49999993432120354f;
    private static final float LEAST = -86.6434f;
    private static final float MOST = 88.7228394f;

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

    /// `LANES` signed bytes of a Q8_0 block, not yet scaled.
    static FloatVector q8(MemorySegment segment, long offsetBytes) {
        if (LANES == 4) {
            // No vector is as short as four bytes.
            return (FloatVector) IntVector.broadcast(I, segment.get(FOUR_BYTES, offsetBytes))
                    .lanewise(VectorOperators.LSHL, LAST_BYTE)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convert(VectorOperators.I2F, 0);
        }
        return (FloatVector) ByteVector.fromMemorySegment(B, segment, offsetBytes, LE)
                .convertShape(VectorOperators.B2F, F, 0);
    }

    /// `LANES` bytes, none of them negative.
    static IntVector bytes(MemorySegment segment, long offsetBytes) {
        if (LANES == 4) {
            return IntVector.broadcast(I, segment.get(FOUR_BYTES, offsetBytes))
                    .lanewise(VectorOperators.LSHL, LAST_BYTE)
                    .lanewise(VectorOperators.LSHR, 24);
        }
        return (IntVector) ByteVector.fromMemorySegment(B, segment, offsetBytes, LE)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
    }

    private static IntVector[] nf4Values() {
        float[] values = Nf4.VALUES.values();
        IntVector[] vectors = new IntVector[values.length / LANES];
        for (int v = 0; v < vectors.length; v++) {
            vectors[v] = FloatVector.fromArray(F, values, v * LANES).reinterpretAsInts();
        }
        return vectors;
    }

    /// `LANES` elements of NF4, not yet scaled.
    static FloatVector nf4(MemorySegment segment, long offsetBytes) {
        IntVector packed = switch (LANES) {
            case 4 -> IntVector.broadcast(I, segment.get(Tensor.I16, offsetBytes));
            case 8 -> IntVector.broadcast(I, segment.get(Tensor.I32, offsetBytes));
            default -> IntVector.broadcast(I, segment.get(Tensor.I32, offsetBytes))
                    .blend(segment.get(Tensor.I32, offsetBytes + 4), SECOND_EIGHT);
        };
        return nf4(packed.lanewise(VectorOperators.LSHR, CODE));
    }

    /// Elements of NF4, not yet scaled, whose codes are the lowest four bits of each lane.
    static FloatVector nf4(IntVector codes) {
        IntVector four = codes.and(15);
        return (switch (LANES) {
            case 4 ->
                four.selectFrom(NF4_0, NF4_1).blend(four.selectFrom(NF4_2, NF4_3), four.compare(VectorOperators.GE, 8));
            case 8 -> four.selectFrom(NF4_0, NF4_1);
            default -> four.selectFrom(NF4_0);
        }).reinterpretAsFloats();
    }

    /// Stores the lanes of a sum at `lanes[at ..]`: in `a` alone, in `a` and `b`, or in all four, by the width.
    static void keep(FloatVector a, FloatVector b, FloatVector c, FloatVector d, float[] lanes, int at) {
        a.intoArray(lanes, at);
        if (LANES <= 8) {
            b.intoArray(lanes, at + LANES);
        }
        if (LANES == 4) {
            c.intoArray(lanes, at + 2 * LANES);
            d.intoArray(lanes, at + 3 * LANES);
        }
    }

    /// The sum of the [#SUM_LANES] lanes at `lanes[at ..]`: halves added, then quarters, and so on.
    static float sum(float[] lanes, int at) {
        FloatVector v = FloatVector.fromArray(F, lanes, at);
        if (LANES == 8) {
            v = v.add(FloatVector.fromArray(F, lanes, at + 8));
        }
        if (LANES == 4) {
            v = v.add(FloatVector.fromArray(F, lanes, at + 8));
            v = v.add(FloatVector.fromArray(F, lanes, at + 4).add(FloatVector.fromArray(F, lanes, at + 12)));
        }
        return sum(v);
    }

    /// `sum over i < count of a[from + i] b[at + i]`.
    ///
    /// @param lanes working memory, [#SUM_LANES] floats
    static float dot(MemorySegment a, long from, float[] b, int at, int count, float[] lanes) {
        FloatVector sum0 = FloatVector.zero(F);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int i = 0;
        for (; i <= count - SUM_LANES; i += SUM_LANES) {
            sum0 = load(a, from + i).fma(FloatVector.fromArray(F, b, at + i), sum0);
            if (LANES <= 8) {
                sum1 = load(a, from + i + LANES).fma(FloatVector.fromArray(F, b, at + i + LANES), sum1);
            }
            if (LANES == 4) {
                sum2 = load(a, from + i + 2 * LANES).fma(FloatVector.fromArray(F, b, at + i + 2 * LANES), sum2);
                sum3 = load(a, from + i + 3 * LANES).fma(FloatVector.fromArray(F, b, at + i + 3 * LANES), sum3);
            }
        }
        keep(sum0, sum1, sum2, sum3, lanes, 0);
        for (; i < count; i++) {
            int lane = i % SUM_LANES;
            lanes[lane] = Math.fma(a.get(Tensor.F32, (from + i) * 4), b[at + i], lanes[lane]);
        }
        return sum(lanes, 0);
    }

    /// The sum of all lanes of one vector, which is what is left of [#SUM_LANES] once these were added to each other:
    /// halves added, then quarters, and so on, whatever the compiler does.
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
        FloatVector magic = FloatVector.broadcast(F, MAGIC);
        FloatVector t = x.fma(FloatVector.broadcast(F, LOG2_E), magic);
        FloatVector n = t.sub(magic);
        FloatVector r = n.fma(FloatVector.broadcast(F, LN_2_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, LN_2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, E6);
        p = p.fma(r, FloatVector.broadcast(F, E5));
        p = p.fma(r, FloatVector.broadcast(F, E4));
        p = p.fma(r, FloatVector.broadcast(F, E3));
        p = p.fma(r, FloatVector.broadcast(F, E2));
        p = p.fma(r, FloatVector.broadcast(F, 2));
        p = p.fma(r, FloatVector.broadcast(F, 2));
        FloatVector scale = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
        FloatVector y = p.mul(scale);
        y = y.blend(0, x.compare(VectorOperators.LT, LEAST));
        return y.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, MOST));
    }

    /// The same of one number, bit for bit.
    static float exp(float x) {
        float t = Math.fma(x, LOG2_E, MAGIC);
        float n = t - MAGIC;
        float r = Math.fma(n, LN_2_LOW, Math.fma(n, LN_2_HIGH, x));
        float p = Math.fma(E6, r, E5);
        p = Math.fma(p, r, E4);
        p = Math.fma(p, r, E3);
        p = Math.fma(p, r, E2);
        p = Math.fma(p, r, 2);
        p = Math.fma(p, r, 2);
        float y = p * Float.intBitsToFloat(Float.floatToRawIntBits(t) << 23);
        return x < LEAST ? 0 : x > MOST ? Float.POSITIVE_INFINITY : y;
    }
}
