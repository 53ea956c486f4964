package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;

import llams.engine.reference.ReferenceKernels;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// The loss of an output head and its gradients are those of the scalar loops, with all logits at once and in slices of
/// words.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class LossParityTest extends KernelParity {
    @Test
    void crossEntropy() {
        atEachAlignment(make -> {
            for (int[] shape : new int[][] {{1, 7, 5}, {9, 64, 65}, {63, 33, 2050}, {700, 8, 63}, {5, 16, 4100},
                    {70, 96, 300}}) {
                for (DType dtype : weights(shape[1])) {
                    crossEntropy(make, shape[0], shape[1], shape[2], dtype, false);
                }
                crossEntropy(make, shape[0], shape[1], shape[2], DType.F32, true);
            }
        });
    }

    private void crossEntropy(Tensors make, int tokens, int dim, int vocab, DType dtype, boolean allIgnored) {
        int[] values = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            values[t] = allIgnored || t % 3 == 1 ? -100 : make.nextInt(vocab);
        }
        Tensor labels = make.ints(values);
        Tensor x = make.random(tokens, dim);
        Tensor weight = make.random(dtype, vocab, dim);
        Tensor scale = make.random(1);
        String what = "crossEntropy " + tokens + " " + dim + " " + vocab + " " + dtype;
        Tensor loss = make.poisoned(1);
        Tensor tokenLoss = make.poisoned(tokens);
        Tensor dx = make.poisoned(tokens, dim);
        Tensor dWeight = make.poisoned(vocab, dim);
        ReferenceKernels.crossEntropy(x, weight, labels, scale, loss, tokenLoss, dx, dWeight, false);
        Tensor dWeightTwice = make.copy(dWeight);
        ReferenceKernels.crossEntropy(x, weight, labels, scale, loss, tokenLoss, dx, dWeightTwice, true);
        for (Parallel pool : pools) {
            Tensor lossFast = make.poisoned(1);
            Tensor tokenLossFast = make.poisoned(tokens);
            Tensor dxFast = make.poisoned(tokens, dim);
            Tensor dWeightFast = make.poisoned(vocab, dim);
            // Blocks that do not divide the tokens: 256 of them with the whole vocabulary.
            Tensor[] whole = {make.poisoned(256, dim), make.poisoned(256, vocab), make.poisoned(256, dim)};
            CrossEntropyKernel.run(x, weight, labels, scale, lossFast, tokenLossFast, dxFast, dWeightFast, false, 0,
                    whole, pool);
            assertClose(what + " loss", loss, lossFast, 1e-6);
            assertClose(what + " tokenLoss", tokenLoss, tokenLossFast, 2e-6);
            assertClose(what + " dx", dx, dxFast, 2e-6);
            assertClose(what + " dWeight", dWeight, dWeightFast, 2e-6);
            Tensor lossAlone = make.poisoned(1);
            Tensor dxOnly = make.poisoned(tokens, dim);
            Tensor dWeightOnly = make.poisoned(vocab, dim);
            CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, null, false, 0, whole, pool);
            assertSameBits(what + " loss alone", lossFast, lossAlone);
            CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, dxOnly, null, false, 0, whole, pool);
            CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, dWeightOnly, false, 0, whole, pool);
            assertSameBits(what + " dx alone", dxFast, dxOnly);
            assertSameBits(what + " dWeight alone", dWeightFast, dWeightOnly);
            CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, dWeightOnly, true, 0, whole, pool);
            assertClose(what + " dWeight twice", dWeightTwice, dWeightOnly, 2e-6);
            for (int words : new int[] {1, 17, 64, 1024}) {
                if (words < vocab && (words > 1 || vocab <= 65)) {
                    Tensor[] slices = {make.poisoned(300, dim), make.poisoned(300, words), make.poisoned(300, dim)};
                    CrossEntropyKernel.run(x, weight, labels, scale, lossFast, tokenLossFast, dxOnly, null, false, 0,
                            slices, pool);
                    assertClose(what + " loss in slices of " + words, loss, lossFast, 1e-6);
                    assertClose(what + " tokenLoss in slices of " + words, tokenLoss, tokenLossFast, 2e-6);
                    assertClose(what + " dx in slices of " + words, dx, dxOnly, 2e-6);
                    CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, null, false, 0, slices,
                            pool);
                    assertSameBits(what + " loss alone in slices of " + words, lossFast, lossAlone);
                }
            }
        }
    }
}
