package llams.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import llams.engine.graph.Attention;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Causal attention over one document. Shapes are `TOKENSxHEADS/KVHEADSxHEADDIM`.
public class AttentionBenchmark {
    /// Forward, and backward from its results. What a token sees does not depend on those after it, so a short document
    /// is enough for the plain loops to check the beginning of the long one.
    public static class Causal extends OnCpu {
        private static final int CHECKED_TOKENS = 64;
        private static final double TOLERANCE = 1e-4;
        private static final List<String> RESULTS = List.of("out", "dq", "dk", "dv");

        @Param({"512x32/8x64", "2048x32/8x64", "256x8/4x64"})
        public String shape;

        private Recorded.Running forward;
        private Recorded.Running backward;
        private int[] dims;

        @Override
        void open() {
            dims = Dims.of(shape, "TOKENSxHEADS/KVHEADSxHEADDIM");
            int tokens = dims[0];
            int checked = Math.min(CHECKED_TOKENS, tokens);
            Recorded first = new Recorded(arena);
            Node node = recordForward(first, tokens, operands(first, tokens, Map.of()));
            first.output("out", node.results.get(0));
            first.output("logSumExp", node.results.get(1));
            forward = first.on(cpu);
            forward.run();

            Recorded second = new Recorded(arena);
            recordBackward(second, tokens, operands(second, tokens, Map.of()),
                    second.of("out", copy(forward.output("out"))),
                    second.of("logSumExp", copy(forward.output("logSumExp"))),
                    leaf(second, "dout", tokens, dims[1], Map.of()));
            backward = second.on(cpu);
            // Nothing may flow back from the tokens that the short document lacks.
            Tensor dout = second.tensors.get("dout");
            Tensor all = copy(dout);
            dout.data().asSlice((long) checked * width() * 4).fill((byte) 0);
            backward.run();

            Recorded plain = new Recorded(arena);
            Map<String, Tensor> beginnings = Map.of("q", head(first, "q", checked), "k", head(first, "k", checked), "v",
                    head(first, "v", checked), "dout", head(second, "dout", checked));
            List<Value> operands = operands(plain, checked, beginnings);
            Node again = recordForward(plain, checked, operands);
            plain.output("out", again.results.get(0));
            recordBackward(plain, checked, operands, again.results.get(0), again.results.get(1),
                    leaf(plain, "dout", checked, dims[1], beginnings));
            try (Recorded.Running answers = plain.on(scalar)) {
                answers.run();
                for (String name : RESULTS) {
                    Close.check(name, (name.equals("out") ? forward : backward).output(name), answers.output(name),
                            TOLERANCE);
                }
            }
            dout.data().copyFrom(all.data());
        }

        private int width() {
            return dims[1] * dims[3];
        }

        private Leaf leaf(Recorded in, String name, int tokens, int heads, Map<String, Tensor> given) {
            return given.containsKey(name)
                    ? in.of(name, given.get(name))
                    : in.random(name, DType.F32, tokens, (long) heads * dims[3]);
        }

        /// `q`, `k`, `v`, `first`, `last`.
        private List<Value> operands(Recorded in, int tokens, Map<String, Tensor> given) {
            return List.of(leaf(in, "q", tokens, dims[1], given), leaf(in, "k", tokens, dims[2], given),
                    leaf(in, "v", tokens, dims[2], given), in.ints("first", new int[tokens]),
                    in.ints("last", IntStream.range(0, tokens).toArray()));
        }

        private Node recordForward(Recorded in, int tokens, List<Value> operands) {
            return in.graph.recordNode(new Attention(dims[3], tokens), operands.toArray(Value[]::new));
        }

        private void recordBackward(Recorded in, int tokens, List<Value> operands, Value out, Value logSumExp,
                Value dout) {
            List<Value> inputs = new ArrayList<>(operands);
            inputs.addAll(List.of(out, logSumExp, dout));
            Node node = in.graph.recordNode(new Attention.Gradient(dims[3], tokens), inputs.toArray(Value[]::new));
            for (int i = 0; i < 3; i++) {
                in.output(RESULTS.get(i + 1), node.results.get(i));
            }
        }

        private Tensor copy(Tensor tensor) {
            Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
            copy.data().copyFrom(tensor.data());
            return copy;
        }

        private static Tensor head(Recorded from, String name, int tokens) {
            Tensor tensor = from.tensors.get(name);
            Shape shape = Shape.of(tokens, tensor.shape().dim(1));
            return new Tensor(DType.F32, shape, tensor.data().asSlice(0, 4 * shape.elements()));
        }

        @Override
        void close() {
            forward.close();
            backward.close();
        }

        private double pairs() {
            return dims[0] * (dims[0] + 1.0) / 2 * width();
        }

        /// The sum of the widths of `tensorsLikeQ` queries and `tensorsLikeK` keys, in bytes.
        private double bytes(int tensorsLikeQ, int tensorsLikeK) {
            return 4.0 * dims[0] * dims[3] * (tensorsLikeQ * dims[1] + tensorsLikeK * dims[2]);
        }
    }

    /// A new token among those before it. Shapes are `ROWSxHEADS/KVHEADSxHEADDIM`.
    public static class Cached extends OnCpu {
        @Param({"2048x32/8x64", "512x32/8x64"})
        public String shape;

        private Recorded.Running running;
        private int[] dims;

        @Override
        void open() {
            dims = Dims.of(shape, "ROWSxHEADS/KVHEADSxHEADDIM");
            Recorded one = new Recorded(arena);
            Node node = one.graph.recordNode(new Attention(dims[3], 0),
                    one.random("q", DType.F32, 1, (long) dims[1] * dims[3]),
                    one.random("k", DType.F32, dims[0], (long) dims[2] * dims[3]),
                    one.random("v", DType.F32, dims[0], (long) dims[2] * dims[3]), one.ints("first", 0),
                    one.ints("last", dims[0] - 1));
            one.output("out", node.results.get(0));
            running = one.on(cpu);
            one.check(running, scalar, 1e-4);
        }

        @Override
        void close() {
            running.close();
        }
    }

    @Benchmark
    public void forward(Causal causal, Work work) {
        causal.forward.run();
        work.add(4 * causal.pairs(), causal.bytes(2, 2), causal.dims[0]);
    }

    @Benchmark
    public void backward(Causal causal, Work work) {
        causal.backward.run();
        work.add(10 * causal.pairs(), causal.bytes(4, 4), causal.dims[0]);
    }

    @Benchmark
    public void oneToken(Cached cached, Work work) {
        int[] dims = cached.dims;
        cached.running.run();
        work.add(4.0 * dims[0] * dims[1] * dims[3], 8.0 * dims[0] * dims[2] * dims[3], 1);
    }
}
