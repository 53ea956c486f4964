package llams.engine.llama;

import java.util.List;

/// The sizes and constants of a Llama model: what decides its arithmetic, and what else a checkpoint says about itself.
///
/// @param dim          width of the residual stream (`hidden_size`)
/// @param hiddenDim    width inside the feed-forward block (`intermediate_size`)
/// @param kvHeads      heads of keys and values, each shared by `heads / kvHeads` heads of queries
/// @param headDim      width of one head
/// @param normEps      added to the mean square in every norm
/// @param ropeTheta    base of the rotary frequencies
/// @param ropeScaling  Llama 3.1's stretching of the rotary frequencies, or null
/// @param maxPositions longest sequence, in tokens (`max_position_embeddings`)
/// @param tied         true if the output head is the embedding table
/// @param metadata     what changes nothing that the model computes
public record LlamaConfig(int dim, int hiddenDim, int layers, int heads, int kvHeads, int headDim, int vocab,
        float normEps, double ropeTheta, RopeScaling ropeScaling, int maxPositions, boolean tied, Metadata metadata) {
    /// The `llama3` rope scaling: wavelengths over `originalPositions / lowFactor` are stretched by `factor`, those
    /// under `originalPositions / highFactor` are kept, and those between are blended.
    public record RopeScaling(double factor, double lowFactor, double highFactor, double originalPositions) {}

    /// What else a checkpoint says about itself.
    ///
    /// @param initializerRange standard deviation of a new model's weights
    /// @param bos              id that begins a text, or -1
    /// @param eos              ids that end one; may be empty
    /// @param dtype            the weights' type as the file names it (`bfloat16`), or null
    /// @param quantization     method by which most weights are quantized (`q8_0`), or null
    /// @param attentionDropout rate at which training is meant to drop attention weights; nothing here does
    public record Metadata(float initializerRange, int bos, List<Integer> eos, String dtype, String quantization,
            double attentionDropout) {
        /// Weights of any type, not quantized, without special ids or dropout.
        public static Metadata standard() {
            return new Metadata(0.02f, -1, List.of(), null, null, 0);
        }

        public Metadata withInitializerRange(float range) {
            return new Metadata(range, bos, eos, dtype, quantization, attentionDropout);
        }

        public Metadata withIds(int begin, List<Integer> end) {
            return new Metadata(initializerRange, begin, end, dtype, quantization, attentionDropout);
        }

        public Metadata withDtype(String name) {
            return new Metadata(initializerRange, bos, eos, name, quantization, attentionDropout);
        }

        public Metadata withQuantization(String method) {
            return new Metadata(initializerRange, bos, eos, dtype, method, attentionDropout);
        }
    }

    /// A model of these sizes with the constants of Llama 3: heads of `dim / heads`, 8192 positions, a head of its own.
    public static LlamaConfig standard(int dim, int hiddenDim, int layers, int heads, int kvHeads, int vocab) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, dim / heads, vocab, 1e-5f, 500_000, null, 8192,
                false, Metadata.standard());
    }

    public LlamaConfig withRope(double theta, RopeScaling scalingOrNull) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, theta, scalingOrNull,
                maxPositions, tied, metadata);
    }

    public LlamaConfig withMaxPositions(int tokens) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                tokens, tied, metadata);
    }

    public LlamaConfig withTied(boolean isTied) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, isTied, metadata);
    }

    public LlamaConfig withVocab(int rows) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, rows, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, metadata);
    }

    public LlamaConfig withMetadata(Metadata other) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, other);
    }

    /// The number of weights, the tied head counted once.
    public long parameters() {
        long attention = 2L * dim * heads * headDim + 2L * dim * kvHeads * headDim;
        long block = attention + 3L * dim * hiddenDim + 2L * dim;
        return layers * block + (tied ? 1L : 2L) * vocab * dim + dim;
    }
}
