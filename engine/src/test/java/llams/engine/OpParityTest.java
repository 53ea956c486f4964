package llams.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.*;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every op on every usable device gives what the scalar loops give, at awkward sizes, for each type of weight: alone
/// in a program, through nothing but what a device offers everybody.
class OpParityTest {
    private static final int[] SIZES = {1, 7, 65, 300};
    private static final List<DType> WEIGHTS = List.of(DType.F32, DType.BF16, DType.F16);

    static Stream<Device> devices() {
        return Golden.devices().filter(device -> !device.name().equals("scalar"));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void pointwise(Device device) {
        for (int n : SIZES) {
            try (OpCase c = new OpCase("pointwise " + n)) {
                Leaf a = c.weight(n, 3);
                Leaf b = c.weight(n, 3);
                Leaf dy = c.weight(n, 3);
                Leaf seed = c.ints(123_456_789, -42);
                c.output(c.g.add(a, b), c.g.scale(a, -0.3f), c.g.swiGlu(a, b), c.g.record(new Constant(2.5f)),
                        c.g.dropout(a, seed, 0.25f, 3), c.g.dropout(b, seed, 0, 1));
                onTheProcessor(device, c, a, b, seed);
                for (Result result : c.g.recordNode(new SwiGlu.Gradient(), a, b, dy).results) {
                    c.output(result);
                }
                c.check(device, 2e-6);
            }
        }
    }

    /// Ops that graphics cards have no kernels for.
    private static void onTheProcessor(Device device, OpCase c, Leaf a, Leaf b, Leaf seed) {
        if (device.name().equals("cpu")) {
            float[] bounds = new float[(int) a.dim(0)];
            Arrays.fill(bounds, 0.1f);
            Leaf norm = c.positive(3);
            c.output(c.g.record(new Noise(-1), a, c.floats(bounds), seed), c.g.record(new RowNorm(), a),
                    c.g.record(new ScaleColumns(), a, c.weight(3), c.g.scale(norm, 2)),
                    c.g.record(new ScaleColumns.MagnitudeGradient(), a, b, norm));
            c.g.record(new Accumulate(new ScaleColumns.MagnitudeGradient(), 2), a, b, norm, c.state(3));
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void norms(Device device) {
        for (int dim : SIZES) {
            for (DType dtype : WEIGHTS) {
                try (OpCase c = new OpCase("norms " + dim + " " + dtype)) {
                    Leaf x = c.weight(9, dim);
                    Leaf weight = c.weight(dtype, dim);
                    Leaf dy = c.weight(9, dim);
                    c.output(c.g.rmsNorm(x, weight, 1e-5f), c.g.record(new RmsNorm.Gradient(1e-5f), x, weight, dy),
                            c.g.record(new RmsNorm.WeightGradient(1e-5f), x, dy), c.g.record(new SquaredNorm(), x));
                    c.check(device, 4e-6);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void products(Device device) {
        for (int[] mnk : new int[][] {{1, 1, 1}, {1, 300, 65}, {3, 7, 130}, {5, 3, 17}, {65, 64, 63}, {9, 300, 16},
                {130, 7, 65}}) {
            for (DType dtype : WEIGHTS) {
                try (OpCase c = new OpCase("product " + mnk[0] + "x" + mnk[1] + "x" + mnk[2] + " " + dtype)) {
                    Leaf a = c.weight(mnk[0], mnk[2]);
                    Leaf b = c.weight(dtype, mnk[2], mnk[1]);
                    Leaf turnedB = c.weight(dtype, mnk[1], mnk[2]);
                    Leaf turnedA = c.weight(dtype, mnk[2], mnk[0]);
                    Leaf right = c.weight(mnk[2], mnk[1]);
                    Leaf start = c.weight(mnk[0], mnk[1]);
                    c.output(c.g.matMul(a, false, b, false), c.g.matMul(a, false, turnedB, true),
                            c.g.matMul(turnedA, true, right, false),
                            c.g.record(new MatMul(false, true), a, turnedB, start),
                            c.g.matMul(a, false, right, false, c.weight(dtype, mnk[0], mnk[1])));
                    c.check(device, 4e-6);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void weightsOfBlocks(Device device) {
        for (int[] mnk : new int[][] {{1, 7, 32}, {3, 65, 96}, {9, 33, 160}, {70, 64, 64}}) {
            try (OpCase c = new OpCase("blocks " + Arrays.toString(mnk))) {
                int whole = (mnk[1] + 31) / 32 * 32;
                Leaf a = c.weight(mnk[0], mnk[2]);
                Leaf w = c.weight(DType.Q8_0, mnk[1], mnk[2]);
                Leaf dy = c.weight(mnk[0], mnk[1]);
                Leaf left = c.weight(DType.Q8_0, mnk[2], whole);
                c.output(c.g.matMul(a, false, w, true), c.g.matMul(dy, false, w, false),
                        c.g.record(new MatMul(false, true), a, w, dy),
                        c.g.matMul(left, true, c.weight(mnk[2], 5), false), c.g.embedding(w, c.randomInts(11, mnk[1])));
                int[] labels = c.random.ints(mnk[0], -1, mnk[1]).toArray();
                c.output(c.g.linearCrossEntropy(a, w, c.ints(labels), c.floats(0.5f))
                        .subList(0, 3)
                        .toArray(Value[]::new));
                c.check(device, 4e-6);
            }
        }
    }

    /// The planner lets these results stand where their inputs stood.
    @ParameterizedTest
    @MethodSource("devices")
    void resultsInThePlaceOfInputs(Device device) {
        for (int n : SIZES) {
            try (OpCase c = new OpCase("in place " + n)) {
                Leaf a = c.weight(n, 12);
                Leaf b = c.weight(n, 12);
                Value x = c.g.add(c.g.scale(a, 0.7f), b);
                x = c.g.dropout(c.g.scale(x, 1.5f), c.ints(5, 6), 0.25f, 3);
                x = c.g.rope(x, c.weight(20, 4), c.randomInts(n, 20), 4);
                x = c.g.swiGlu(x, c.g.scale(b, 2));
                x = c.g.record(new RmsNorm.Gradient(1e-5f), a, c.weight(12), x);
                x = c.g.record(new MatMul(false, false), b, c.weight(12, 12), x);
                Value gate = c.g.add(x, a);
                Value up = c.g.scale(x, 3);
                for (Result result : c.g.recordNode(new SwiGlu.Gradient(), gate, up, b).results) {
                    c.output(c.g.scale(result, 0.5f));
                }
                c.check(device, 4e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void attention(Device device) {
        // headDim, heads a key head, key heads, rows, tokens, row length
        for (int[] shape : new int[][] {{8, 1, 1, 1, 1, 0}, {64, 4, 2, 70, 1, 0}, {16, 2, 2, 65, 9, 0},
                {6, 3, 1, 33, 33, 0}, {16, 4, 2, 90, 90, 30}, {8, 2, 1, 130, 130, 130}}) {
            int tokens = shape[4];
            int document = shape[5] == 0 ? tokens : shape[5] / 3;
            int[] first = new int[tokens];
            int[] last = new int[tokens];
            for (int t = 0; t < tokens; t++) {
                first[t] = shape[3] == tokens ? t - t % Math.max(1, document) : 0;
                last[t] = t + shape[3] - tokens;
            }
            if (tokens > 30) {
                last[0] = -1;
            }
            try (OpCase c = new OpCase("attention " + Arrays.toString(shape))) {
                int heads = shape[1] * shape[2];
                Leaf q = c.weight(tokens, (long) heads * shape[0]);
                Leaf k = c.weight(shape[3], (long) shape[2] * shape[0]);
                Leaf v = c.weight(shape[3], (long) shape[2] * shape[0]);
                Leaf from = c.ints(first);
                Leaf to = c.ints(last);
                List<Result> forward = c.g.recordNode(new Attention(shape[0], shape[5]), q, k, v, from, to).results;
                Leaf dOut = c.weight(tokens, (long) heads * shape[0]);
                c.output(forward.get(0), forward.get(1));
                for (Result gradient : c.g.recordNode(new Attention.Gradient(shape[0], shape[5]), q, k, v, from, to,
                        forward.get(0), forward.get(1), dOut).results) {
                    c.output(gradient);
                }
                c.check(device, 5e-6);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void rotationsAndRows(Device device) {
        for (int headDim : new int[] {2, 6, 64}) {
            for (DType dtype : WEIGHTS) {
                try (OpCase c = new OpCase("rows " + headDim + " " + dtype)) {
                    Leaf x = c.weight(11, 3L * headDim);
                    Leaf table = c.weight(20, headDim);
                    Leaf at = c.randomInts(11, 20);
                    Leaf cache = c.state(20, 3L * headDim);
                    Leaf slots = c.ints(19, 0, 5, 7, 1, 2, 3, 18, 17, 9, 10);
                    c.output(c.g.rope(x, table, at, headDim), c.g.record(new Rope(headDim, true), x, table, at),
                            c.g.embedding(c.weight(dtype, 20, headDim), at),
                            c.g.record(new Embedding.Gradient(20), at, x));
                    c.g.record(new CacheAppend(), cache, x, slots);
                    c.g.record(new Accumulate(new Embedding.Gradient(20), 0), at, x, c.state(20, 3L * headDim));
                    c.check(device, 2e-6);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void loss(Device device) {
        for (int[] shape : new int[][] {{1, 7, 5}, {9, 64, 65}, {33, 16, 300}}) {
            for (DType dtype : WEIGHTS) {
                for (boolean ignored : new boolean[] {false, true}) {
                    try (OpCase c = new OpCase("loss " + shape[0] + " " + dtype + (ignored ? " ignored" : ""))) {
                        int[] labels = new int[shape[0]];
                        for (int t = 0; t < labels.length; t++) {
                            labels[t] = ignored || t % 3 == 1 ? -100 : t * 31 % shape[2];
                        }
                        Leaf x = c.weight(shape[0], shape[1]);
                        Leaf weight = c.weight(dtype, shape[2], shape[1]);
                        List<Result> results = c.g.linearCrossEntropy(x, weight, c.ints(labels),
                                c.floats(1f / shape[0]));
                        c.output(results.toArray(Value[]::new));
                        Leaf sum = c.state(shape[2], shape[1]);
                        c.output(c.g.recordNode(new Accumulate(new LinearCrossEntropy(), 0), x, weight, c.ints(labels),
                                c.floats(0.5f), sum).results.toArray(Value[]::new));
                        c.check(device, 4e-6);
                    }
                }
            }
        }
    }

    /// A teacher's likeliest tokens, and the loss against them.
    @ParameterizedTest
    @ValueSource(strings = {"1 7 5 2", "9 64 65 65", "33 16 300 20"})
    void distillation(String shape) {
        int[] sizes = Stream.of(shape.split(" ")).mapToInt(Integer::parseInt).toArray();
        int tokens = sizes[0];
        int vocab = sizes[2];
        for (DType dtype : WEIGHTS) {
            for (double temperature : new double[] {1, 2.5}) {
                try (OpCase c = new OpCase("distillation " + shape + " " + dtype + " " + temperature)) {
                    Leaf labels = c
                            .ints(IntStream.range(0, tokens).map(t -> t % 3 == 1 ? -100 : t * 31 % vocab).toArray());
                    Node said = c.g.recordNode(new TopTokens(sizes[3], temperature), c.weight(tokens, 32),
                            c.weight(dtype, vocab, 32), labels);
                    LinearDistillation op = new LinearDistillation(0.3, temperature);
                    Leaf x = c.weight(tokens, sizes[1]);
                    Leaf weight = c.weight(dtype, vocab, sizes[1]);
                    Value ids = said.results.get(TopTokens.IDS);
                    Value logp = said.results.get(TopTokens.LOGP);
                    c.output(logp);
                    c.output(c.g.recordNode(op, x, weight, labels, c.floats(1f / tokens), ids, logp).results
                            .toArray(Value[]::new));
                    c.output(c.g.recordNode(new Accumulate(op, 0), x, weight, labels, c.floats(0.5f), ids, logp,
                            c.state(vocab, sizes[1])).results.toArray(Value[]::new));
                    c.check(Devices.byName("cpu"), 4e-6);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void updates(Device device) {
        for (int n : SIZES) {
            for (float clip : new float[] {0, 0.5f, 1e6f}) {
                try (OpCase c = new OpCase("updates " + n + " clip " + clip)) {
                    Leaf param = c.state(n);
                    Leaf m = c.state(n);
                    Leaf v = c.positive(n);
                    Leaf gradient = c.weight(n);
                    Value norm = c.g.record(new SquaredNorm(), gradient);
                    Leaf schedule = c.floats(1e-2f, 0.19f, 0.001999f);
                    c.g.record(new AdamW(0.9, 0.999, 1e-8, 0.1, clip), param, m, v, gradient, norm, schedule);
                    Leaf sum = c.state(n, 2);
                    c.g.accumulate(sum, c.weight(n, 2), 0);
                    Leaf products = c.state(n, 5);
                    c.g.record(new Accumulate(new MatMul(true, false), 0), c.weight(3, n), c.weight(3, 5), products);
                    Leaf cleared = c.state(n);
                    c.g.record(new Clear(), cleared);
                    c.output(norm);
                    c.check(device, 2e-6);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void anUpdateWithAGradientThatIsNotFiniteChangesNothing(Device device) {
        try (OpCase c = new OpCase("not finite")) {
            Leaf param = c.state(5);
            Leaf m = c.state(5);
            Leaf v = c.positive(5);
            c.g.record(new AdamW(0.9, 0.999, 1e-8, 0.1, 1), param, m, v, c.weight(5), c.floats(Float.NaN),
                    c.floats(1e-2f, 0.19f, 0.001999f));
            c.check(device, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void programsOfASessionShareStateAndKeepTheirOutputs(Device device) {
        try (Arena arena = Arena.ofShared()) {
            Leaf total = Leaf.state("total", DType.F32, 5);
            Map<String, Tensor> resident = Map.of("total", Tensor.allocate(arena, DType.F32, Shape.of(5)));
            try (Session session = device.open(resident)) {
                List<Executable> programs = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    Graph g = new Graph();
                    Leaf x = Leaf.input("x", DType.F32, 5);
                    g.accumulate(total, g.scale(x, i + 1), 0);
                    Value wide = g.matMul(g.scale(Leaf.input("y", DType.F32, 40L * (i + 1), 3), 2), false,
                            Leaf.input("z", DType.F32, 3, 7), false);
                    programs.add(session.compile(Program.of(g, Map.of("wide", wide))));
                }
                for (int round = 0; round < 2; round++) {
                    for (Executable program : programs) {
                        for (int i = 0; i < 5; i++) {
                            program.input("x").setFloat(i, i);
                        }
                        program.input("y").setFloat(0, 3);
                        program.input("z").setFloat(1, round + 1);
                        program.run();
                        assertEquals(6 * (round + 1), program.output("wide").getFloat(1));
                    }
                }
                for (int i = 0; i < 5; i++) {
                    assertEquals(12 * i, session.read("total").getFloat(i));
                }
            }
        }
    }
}
