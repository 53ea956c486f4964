package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import llams.engine.reference.ReferenceKernels;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Every other vector kernel gives what the scalar loops give, at sizes around every vector width, for every weight
/// dtype, at any alignment, and the same bits for every number of threads.
class KernelParityTest extends KernelParity {
    @Test
    void theWidthIsTheOneAskedFor() {
        String asked = System.getProperty("llams.vectorBits");
        assertEquals(asked == null ? Simd.BITS : Integer.parseInt(asked), Simd.F.vectorBitSize());
    }

    @Test
    void rmsNorm() {
        everywhere((make, pool) -> {
            for (int dim : SIZES) {
                for (int tokens : new int[] {1, 9, 65}) {
                    for (DType dtype : weights(dim)) {
                        Tensor x = make.random(tokens, dim);
                        Tensor weight = make.random(dtype, dim);
                        Tensor dy = make.random(tokens, dim);
                        Tensor expected = make.poisoned(tokens, dim);
                        Tensor actual = make.poisoned(tokens, dim);
                        ReferenceKernels.rmsNorm(x, weight, 1e-5f, expected);
                        NormKernel.rmsNorm(x, weight, 1e-5f, actual, pool);
                        assertClose("rmsNorm", expected, actual, 1e-6);
                        ReferenceKernels.rmsNormGradient(x, weight, 1e-5f, dy, expected);
                        NormKernel.rmsNormGradient(x, weight, 1e-5f, dy, actual, pool);
                        assertClose("rmsNormGradient", expected, actual, 2e-6);
                        Tensor dWeight = make.poisoned(dim);
                        Tensor dWeightFast = make.poisoned(dim);
                        ReferenceKernels.rmsNormWeightGradient(x, 1e-5f, dy, dWeight, false);
                        NormKernel.rmsNormWeightGradient(x, 1e-5f, dy, dWeightFast, false, 0, pool);
                        assertClose("rmsNormWeightGradient", dWeight, dWeightFast, 2e-6);
                    }
                }
            }
        });
    }

    @Test
    void rope() {
        everywhere((make, pool) -> {
            for (int headDim : new int[] {2, 8, 16, 34, 64, 66, 128}) {
                for (int tokens : new int[] {1, 9, 64, 300}) {
                    int[] positions = new int[tokens];
                    for (int t = 0; t < tokens; t++) {
                        positions[t] = make.nextInt(50);
                    }
                    Tensor position = make.ints(positions);
                    Tensor table = make.random(50, headDim);
                    Tensor x = make.random(tokens, 3 * headDim);
                    for (boolean inverse : new boolean[] {false, true}) {
                        Tensor expected = make.poisoned(tokens, 3 * headDim);
                        Tensor actual = make.copy(x);
                        ReferenceKernels.rope(x, table, position, headDim, inverse, expected);
                        RopeKernel.apply(actual, table, position, headDim, inverse, actual, pool);
                        assertClose("rope in place", expected, actual, 1e-6);
                    }
                }
            }
        });
    }

    @Test
    void pointwise() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor a = make.random(size);
                Tensor b = make.random(size);
                Tensor dy = make.random(size);
                for (int i = 0; i < size; i++) {
                    a.setFloat(i, a.getFloat(i) * 20);
                }
                Tensor expected = make.poisoned(size);
                Tensor actual = make.poisoned(size);
                ReferenceKernels.swiGlu(a, b, expected);
                SwiGluKernel.forward(a, b, actual, pool);
                assertClose("swiGlu", expected, actual, 1e-6);

                Tensor dUp = make.poisoned(size);
                Tensor dUpFast = make.poisoned(size);
                ReferenceKernels.swiGluGradient(a, b, dy, expected, dUp);
                SwiGluKernel.gradient(a, b, dy, actual, dUpFast, pool);
                assertClose("swiGlu dGate", expected, actual, 1e-6);
                assertClose("swiGlu dUp", dUp, dUpFast, 1e-6);

                ReferenceKernels.add(a, b, -0.3f, expected);
                ElementwiseKernel.add(a, b, -0.3f, actual, pool);
                assertSameBits("add", expected, actual);
                Tensor inPlace = make.copy(b);
                ElementwiseKernel.add(a, inPlace, -0.3f, inPlace, pool);
                assertSameBits("add onto b", expected, inPlace);

                ReferenceKernels.add(expected, dy, 1, expected);
                ElementwiseKernel.add(actual, dy, 1, actual, pool);
                assertSameBits("accumulate", expected, actual);

                Tensor seed = make.ints(make.nextInt(1 << 30), -make.nextInt(1 << 30));
                for (float rate : new float[] {0, 0.1f, 0.5f}) {
                    ReferenceKernels.dropout(a, seed, 3, rate, expected);
                    ElementwiseKernel.dropout(a, seed, 3, rate, actual, pool);
                    assertSameBits("dropout " + rate, expected, actual);
                }
            }
        });
    }

    @Test
    void scale() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor x = make.random(size);
                for (float factor : new float[] {0, 1, -0.3f}) {
                    Tensor expected = make.poisoned(size);
                    Tensor actual = make.poisoned(size);
                    ReferenceKernels.scale(x, factor, expected);
                    ElementwiseKernel.scale(x, factor, actual, pool);
                    assertSameBits("scale by " + factor, expected, actual);
                    Tensor inPlace = make.copy(x);
                    ElementwiseKernel.scale(inPlace, factor, inPlace, pool);
                    assertSameBits("scale in place by " + factor, expected, inPlace);
                }
            }
        });
    }

    @Test
    void clearAndCopy() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                for (DType dtype : weights(size)) {
                    Tensor x = make.random(dtype, size);
                    Tensor y = make.random(DType.F32, size);
                    Tensor wide = make.random(DType.F32, size);
                    for (int i = 0; i < size; i++) {
                        wide.setFloat(i, x.getFloat(i));
                    }
                    ElementwiseKernel.widen(x, y, pool);
                    assertSameBits("copy " + dtype, wide, y);
                    ElementwiseKernel.clear(x, pool);
                    assertSameBits("clear " + dtype, Tensor.allocate(Arena.ofAuto(), dtype, Shape.of(size)), x);
                }
            }
        });
    }

    @Test
    void embeddingAndCache() {
        everywhere((make, pool) -> {
            for (int dim : SIZES) {
                int rows = 40;
                int tokens = 23;
                int[] values = new int[tokens];
                for (int t = 0; t < tokens; t++) {
                    values[t] = make.nextInt(rows);
                }
                Tensor ids = make.ints(values);
                Tensor dy = make.random(tokens, dim);
                Tensor expected = make.poisoned(tokens, dim);
                Tensor actual = make.poisoned(tokens, dim);
                for (DType dtype : weights(dim)) {
                    Tensor table = make.random(dtype, rows, dim);
                    ReferenceKernels.embedding(table, ids, expected);
                    EmbeddingKernel.forward(table, ids, actual, pool);
                    assertSameBits("embedding " + dtype, expected, actual);
                }
                Tensor dTable = make.poisoned(rows, dim);
                Tensor dTableFast = make.poisoned(rows, dim);
                for (boolean accumulate : new boolean[] {false, true}) {
                    ReferenceKernels.embeddingGradient(ids, dy, dTable, accumulate);
                    EmbeddingKernel.gradient(ids, dy, dTableFast, accumulate, pool);
                    assertSameBits("embeddingGradient", dTable, dTableFast);
                }
                ReferenceKernels.cacheAppend(dTable, dy, ids);
                ElementwiseKernel.cacheAppend(dTableFast, dy, ids);
                assertSameBits("cacheAppend", dTable, dTableFast);
            }
        });
    }

    @Test
    void adamW() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor grad = make.random(size);
                Tensor norm = make.poisoned(1);
                Tensor normFast = make.poisoned(1);
                ReferenceKernels.squaredNorm(grad, norm);
                AdamWKernel.squaredNorm(grad, normFast, pool);
                assertClose("squaredNorm", norm, normFast, 1e-7);
                for (float clip : new float[] {0, 0.5f, 1e6f}) {
                    Tensor[] state = {make.random(size), make.random(size), make.random(size)};
                    for (int i = 0; i < size; i++) {
                        state[2].setFloat(i, Math.abs(state[2].getFloat(i)));
                    }
                    Tensor[] fast = {make.copy(state[0]), make.copy(state[1]), make.copy(state[2])};
                    Tensor schedule = make.copy(Tensor.of(Arena.ofAuto(), Shape.of(3), 1e-2f, 0.19f, 0.001999f));
                    ReferenceKernels.adamW(state[0], state[1], state[2], grad, norm, schedule, 0.9, 0.999, 1e-8, 0.1,
                            clip);
                    AdamWKernel.step(fast[0], fast[1], fast[2], grad, norm, schedule, 0.9, 0.999, 1e-8, 0.1, clip,
                            pool);
                    assertClose("adamW param", state[0], fast[0], 3e-7);
                    assertClose("adamW m", state[1], fast[1], 2e-7);
                    assertClose("adamW v", state[2], fast[2], 2e-7);
                }
            }
        });
    }
}
