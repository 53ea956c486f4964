package llams.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import llams.engine.graph.AdamW;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Result;
import llams.engine.graph.RmsNorm;
import llams.engine.graph.Value;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Everything between the matrix products. Shapes are `TOKENSxDIM` unless said otherwise.
public class RowBenchmark {
    /// One operation, compared with the plain loops before it is measured.
    public abstract static class Rows extends OnCpu {
        private static final double TOLERANCE = 1e-4;

        Recorded one;
        Recorded.Running running;
        double flops;
        double bytes;
        int tokens;
        int dim;

        void open(String shape) {
            int[] dims = Dims.of(shape, "TOKENSxDIM");
            tokens = dims[0];
            dim = dims[1];
            one = new Recorded(arena);
            record(one.graph);
            running = one.on(cpu);
            one.check(running, scalar, TOLERANCE);
        }

        /// Records the operation and sets what it costs.
        abstract void record(Graph g);

        Leaf rows(String name) {
            return one.random(name, DType.F32, tokens, dim);
        }

        /// @param flopsPerElement  additions and multiplications; an `exp` or a root counts as one
        /// @param tensorsTouched tensors of `[tokens, dim]` read or written
        void costs(double flopsPerElement, int tensorsTouched) {
            flops = flopsPerElement * tokens * dim;
            bytes = 4.0 * tensorsTouched * tokens * dim;
        }

        @Override
        void close() {
            running.close();
        }

        void measure(Work work) {
            running.run();
            work.add(flops, bytes, 0);
        }
    }

    public static class Norm extends Rows {
        @Param("512x2048")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            one.output("y", g.rmsNorm(rows("x"), one.random("weight", DType.F32, dim), 1e-5f));
            costs(4, 2);
        }
    }

    public static class NormGradient extends Rows {
        @Param("512x2048")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            one.output("dx",
                    g.record(new RmsNorm.Gradient(1e-5f), rows("x"), one.random("weight", DType.F32, dim), rows("dy")));
            costs(9, 3);
        }
    }

    public static class Rope extends Rows {
        private static final int HEAD_DIM = 64;

        @Param("512x2048")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            Leaf table = one.random("table", DType.F32, tokens, HEAD_DIM);
            Leaf position = one.ints("position", IntStream.range(0, tokens).toArray());
            one.output("y", g.rope(rows("x"), table, position, HEAD_DIM));
            costs(3, 2);
        }
    }

    public static class SwiGlu extends Rows {
        @Param("512x8192")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            one.output("y", g.swiGlu(rows("gate"), rows("up")));
            costs(5, 3);
        }
    }

    public static class SwiGluBackward extends Rows {
        @Param("512x8192")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            Node node = g.recordNode(new llams.engine.graph.SwiGlu.Gradient(), rows("gate"), rows("up"), rows("dy"));
            one.output("dgate", node.results.get(0));
            one.output("dup", node.results.get(1));
            costs(10, 5);
        }
    }

    /// One update of as many parameters as the shape has elements.
    public static class Update extends Rows {
        @Param("8192x2048")
        public String shape;

        @Override
        void open() {
            open(shape);
        }

        @Override
        void record(Graph g) {
            Value[] inputs = {one.state("param", -1, 1, tokens, dim), one.state("m", -0.01, 0.01, tokens, dim),
                    one.state("v", 1e-6, 1e-4, tokens, dim), one.state("gradient", -0.01, 0.01, tokens, dim),
                    one.floats("squaredNorm", 4), one.floats("schedule", 1e-4f, 0.1f, 0.001f)};
            g.record(new AdamW(0.9, 0.999, 1e-8, 0.01, 1), inputs);
            costs(12, 7);
        }
    }

    /// Output head, loss and the gradient of what came into the head. Shapes are `TOKENSxDIMxVOCAB`.
    public static class Loss extends OnCpu {
        private static final int CHECKED_TOKENS = 4;

        @Param({"1024x512x32000", "128x2048x128256"})
        public String shape;

        @Param({"f32", "bf16", "q8_0"})
        public String dtype;

        private Recorded.Running running;
        private double flops;
        private double bytes;
        private int tokens;

        @Override
        void open() {
            int[] dims = Dims.of(shape, "TOKENSxDIMxVOCAB");
            tokens = dims[0];
            int vocab = dims[2];
            DType type = DType.valueOf(dtype.toUpperCase(Locale.ROOT));
            Recorded one = new Recorded(arena);
            CounterRandom random = new CounterRandom(5, 0);
            int[] labels = IntStream.range(0, tokens).map(t -> random.below(vocab, t)).toArray();
            // Tokens that are not counted cost the plain loops nothing.
            int[] few = IntStream.range(0, tokens)
                    .map(t -> t % (tokens / CHECKED_TOKENS) == 0 ? labels[t] : -100)
                    .toArray();
            Leaf leaf = one.ints("labels", few);
            List<Result> loss = one.graph.linearCrossEntropy(one.random("x", DType.F32, tokens, dims[1]),
                    one.random("weight", type, vocab, dims[1]), leaf, one.floats("scale", 1f / tokens));
            one.output("loss", loss.get(0));
            one.output("dx", loss.get(2));
            running = one.on(cpu);
            one.check(running, scalar, 1e-4);
            Tensor counted = one.tensors.get("labels");
            for (int t = 0; t < tokens; t++) {
                counted.setInt(t, labels[t]);
            }
            flops = 4.0 * tokens * dims[1] * vocab;
            bytes = (double) type.bytes((long) vocab * dims[1]) + 8.0 * tokens * dims[1];
        }

        @Override
        void close() {
            running.close();
        }
    }

    @Benchmark
    public void rmsNorm(Norm rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void rmsNormGradient(NormGradient rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void rope(Rope rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void swiGlu(SwiGlu rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void swiGluGradient(SwiGluBackward rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void adamW(Update rows, Work work) {
        rows.measure(work);
    }

    @Benchmark
    public void crossEntropy(Loss loss, Work work) {
        loss.running.run();
        work.add(loss.flops, loss.bytes, loss.tokens);
    }
}
