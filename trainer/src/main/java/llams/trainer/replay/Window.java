package llams.trainer.replay;

import java.lang.foreign.MemorySegment;
import llams.engine.tensor.Tensor;
import llams.trainer.data.PackedSequence;

/// The tokens of a micro-batch that are shown.
///
/// @param from the first of them
record Window(int from, int tokens) {
    /// The first token, counted from the window's start, that its token t sees and that is in the window.
    int first(PackedSequence sequence, int t) {
        return Math.max(0, sequence.documentStart()[from + t] - from);
    }

    /// Pairs of a token and one that it sees.
    int pairs(PackedSequence sequence) {
        int pairs = 0;
        for (int t = 0; t < tokens; t++) {
            pairs += t - first(sequence, t) + 1;
        }
        return pairs;
    }

    /// Its rows of a tensor `[tokens, width]`, F32.
    float[] rows(Tensor tensor) {
        long width = tensor.shape().dim(1);
        float[] rows = new float[Math.toIntExact(tokens * width)];
        MemorySegment.copy(tensor.data(), Tensor.F32, from * width * Float.BYTES, rows, 0, rows.length);
        return rows;
    }
}
