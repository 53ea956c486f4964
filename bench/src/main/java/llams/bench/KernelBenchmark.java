package llams.bench;

import java.util.Locale;
import llams.engine.graph.Value;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// The matrix products of a model, each a program of one operation. Shapes are `MxNxK`: `[M, N]` is made of sums over
/// K. What is measured beside 1024³ are the projections of a 1B model.
public class KernelBenchmark {
    /// One product and how its operands lie.
    public abstract static class Product extends OnCpu {
        private static final int SAMPLES = 256;

        Recorded.Running running;
        double flops;
        double bytes;

        /// `c = op(a) op(b)`; both are random.
        void open(String shape, String dtypeOfB, boolean transposeA, boolean transposeB) {
            int[] dims = Dims.of(shape, "MxNxK");
            int m = dims[0];
            int n = dims[1];
            int k = dims[2];
            DType dtype = DType.valueOf(dtypeOfB.toUpperCase(Locale.ROOT));
            Recorded one = new Recorded(arena);
            Value a = transposeA ? one.random("a", DType.F32, k, m) : one.random("a", DType.F32, m, k);
            Value b = transposeB ? one.random("b", dtype, n, k) : one.random("b", dtype, k, n);
            one.output("c", one.graph.matMul(a, transposeA, b, transposeB));
            flops = 2.0 * m * n * k;
            bytes = 4.0 * m * k + (double) dtype.bytes((long) n * k) + 4.0 * m * n;
            running = one.on(cpu);
            running.run();
            Tensor ta = one.tensors.get("a");
            Tensor tb = one.tensors.get("b");
            Tensor tc = running.output("c");
            CounterRandom random = new CounterRandom(3, 0);
            for (int s = 0; s < SAMPLES; s++) {
                long i = random.below(m, 2L * s);
                long j = random.below(n, 2L * s + 1);
                double sum = 0;
                for (long p = 0; p < k; p++) {
                    sum += (double) ta.getFloat(transposeA ? p * m + i : i * k + p)
                            * tb.getFloat(transposeB ? j * k + p : p * n + j);
                }
                Close.check("c [" + i + ", " + j + "]", tc.getFloat(i * n + j), sum, 1e-5 * Math.sqrt(k));
            }
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

    /// Tokens through a weight: prefill and the forward pass of training.
    public static class Linear extends Product {
        @Param({"1024x1024x1024", "512x2048x2048", "512x8192x2048", "512x2048x8192", "509x8192x2048"})
        public String shape;

        @Param({"f32", "bf16", "f16", "q8_0"})
        public String dtype;

        @Override
        void open() {
            open(shape, dtype, false, true);
        }
    }

    /// The same weight on the way back, to the gradient of its input.
    public static class InputGradient extends Product {
        @Param({"1024x1024x1024", "512x2048x8192", "512x8192x2048"})
        public String shape;

        @Param({"f32", "bf16", "q8_0"})
        public String dtype;

        @Override
        void open() {
            open(shape, dtype, false, false);
        }
    }

    /// The gradient of a weight, summed over the tokens K.
    public static class WeightGradient extends Product {
        @Param({"1024x1024x1024", "1536x512x1024", "32000x512x1024"})
        public String shape;

        @Override
        void open() {
            open(shape, "f32", true, false);
        }
    }

    /// A rank-8 adapter's two thin products.
    public static class Thin extends Product {
        @Param({"1024x8x512", "1024x512x8", "512x8x2048", "512x2048x8"})
        public String shape;

        @Override
        void open() {
            open(shape, "f32", false, true);
        }
    }

    /// One token: every weight is read for one multiplication, so memory decides.
    public static class OneToken extends Product {
        @Param({"1x8192x2048", "1x2048x8192", "1x2048x2048", "1x128256x2048"})
        public String shape;

        @Param({"f32", "bf16", "f16", "q8_0"})
        public String dtype;

        @Override
        void open() {
            open(shape, dtype, false, true);
        }
    }

    /// Conversations that are continued together: every weight is widened once and meets the token of each.
    public static class FewTokens extends Product {
        @Param({"4x8192x2048", "8x8192x2048", "8x2048x8192", "8x1536x512"})
        public String shape;

        @Param({"f32", "bf16", "f16", "q8_0"})
        public String dtype;

        @Override
        void open() {
            open(shape, dtype, false, true);
        }
    }

    @Benchmark
    public void linear(Linear product, Work work) {
        product.measure(work);
    }

    @Benchmark
    public void inputGradient(InputGradient product, Work work) {
        product.measure(work);
    }

    @Benchmark
    public void weightGradient(WeightGradient product, Work work) {
        product.measure(work);
    }

    @Benchmark
    public void thin(Thin product, Work work) {
        product.measure(work);
    }

    @Benchmark
    public void oneToken(OneToken product, Work work) {
        product.measure(work);
    }

    @Benchmark
    public void fewTokens(FewTokens product, Work work) {
        product.measure(work);
    }
}
