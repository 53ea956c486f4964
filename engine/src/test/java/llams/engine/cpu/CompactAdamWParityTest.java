package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.device.Session;
import llams.engine.graph.AdamW;
import llams.engine.graph.CompactAdamW;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.Codebook;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// Updates of narrow weights and moments are those of the scalar loops, bit for bit.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class CompactAdamWParityTest extends KernelParity {
    private static final CompactAdamW OP = new CompactAdamW(new AdamW(0.9, 0.999, 1e-8, 0.1, 1),
            new CounterRandom(5, 6));
    private static final int STEPS = 3;

    @Test
    void steps() {
        atEachAlignment(make -> {
            for (int length : LENGTHS) {
                steps(make, length, DType.F32, DType.U8);
                steps(make, length, DType.BF16, DType.U8);
                steps(make, length, DType.BF16, DType.F32);
            }
        });
    }

    private void steps(Tensors make, int length, DType param, DType moments) {
        Tensor start = make.random(param, length);
        Tensor[] gradients = new Tensor[STEPS];
        for (int step = 0; step < STEPS; step++) {
            gradients[step] = make.random(length);
            // Blocks of zeros, and gradients of many sizes.
            for (int i = 0; i < length; i++) {
                boolean isZero = i / DynamicMap.BLOCK % 3 == 1;
                gradients[step].setFloat(i, isZero ? 0 : (float) Math.pow(gradients[step].getFloat(i), 9));
            }
        }
        Tensor[] want = inputs(make, start, moments);
        Tensor[][] got = Stream.of(pools).map(pool -> inputs(make, start, moments)).toArray(Tensor[][]::new);
        for (int step = 0; step < STEPS; step++) {
            next(want, gradients[step], step);
            reference(want);
            for (int pool = 0; pool < pools.length; pool++) {
                next(got[pool], gradients[step], step);
                CompactAdamWKernel.step(OP, got[pool], pools[pool]);
                for (int i = 0; i < want.length; i++) {
                    assertSameBits(param + ", " + moments + ", input " + i + " after step " + step, want[i],
                            got[pool][i]);
                }
            }
        }
    }

    private static Tensor[] inputs(Tensors make, Tensor start, DType moments) {
        long length = start.elements();
        Tensor[] in = new Tensor[moments == DType.U8 ? CompactAdamW.V_SCALES + 1 : CompactAdamW.STEP + 1];
        in[CompactAdamW.PARAM] = make.copy(start);
        in[CompactAdamW.M] = make.zeros(moments, length);
        in[CompactAdamW.V] = make.zeros(moments, length);
        in[CompactAdamW.GRADIENT] = make.zeros(DType.F32, length);
        in[CompactAdamW.SQUARED_NORM] = make.zeros(DType.F32, 1);
        in[CompactAdamW.SCHEDULE] = make.zeros(DType.F32, 4);
        in[CompactAdamW.STEP] = make.zeros(DType.I32, 1);
        for (int i = CompactAdamW.M_SCALES; i < in.length; i++) {
            in[i] = make.zeros(DType.F32, DynamicMap.blocks(length));
        }
        return in;
    }

    private static void next(Tensor[] in, Tensor gradient, int step) {
        in[CompactAdamW.GRADIENT].data().copyFrom(gradient.data());
        in[CompactAdamW.SQUARED_NORM].setFloat(0, 2);
        float[] schedule = {0.01f, (float) (1 - Math.pow(0.9, step + 1)), (float) (1 - Math.pow(0.999, step + 1)),
                1e-3f};
        for (int i = 0; i < schedule.length; i++) {
            in[CompactAdamW.SCHEDULE].setFloat(i, schedule[i]);
        }
        in[CompactAdamW.STEP].setInt(0, step + 1);
    }

    private static void reference(Tensor[] in) {
        Map<String, Tensor> resident = new LinkedHashMap<>();
        Value[] leaves = new Value[in.length];
        for (int i = 0; i < in.length; i++) {
            leaves[i] = Leaf.state("input " + i, in[i].dtype(), in[i].shape().dims());
            resident.put("input " + i, in[i]);
        }
        Graph g = new Graph();
        g.record(OP, leaves);
        try (Session session = Devices.byName("scalar").open(resident)) {
            session.compile(Program.of(g, Map.of())).run();
        }
    }

    /// Random numbers of all sizes, and those around every border.
    @Test
    void codesAreThoseOfTheNearestValues() {
        for (Codebook book : new Codebook[] {DynamicMap.SIGNED, DynamicMap.UNSIGNED}) {
            NearestCode nearest = new NearestCode(book);
            for (float border : book.borders()) {
                for (int steps = -3, bits = Float.floatToRawIntBits(border); steps <= 3; steps++) {
                    assertNearest(book, nearest, Float.intBitsToFloat(bits + steps));
                }
            }
            SplittableRandom random = new SplittableRandom(8);
            for (int i = 0; i < 20_000; i++) {
                float x = Float.intBitsToFloat(random.nextInt());
                assertNearest(book, nearest, Float.isFinite(x) ? x : 0);
                assertNearest(book, nearest, (float) random.nextDouble(-1, 1));
            }
            for (float x : new float[] {0f, -0f, 1, -1, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE,
                    Float.NaN}) {
                assertNearest(book, nearest, x);
            }
        }
    }

    private static void assertNearest(Codebook book, NearestCode nearest, float x) {
        assertEquals(book.nearest(x), nearest.of(NearestCode.key(Float.floatToRawIntBits(x))), () -> "nearest to " + x);
    }
}
