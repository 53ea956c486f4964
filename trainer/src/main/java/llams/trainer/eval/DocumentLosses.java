package llams.trainer.eval;

import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import llams.engine.device.Device;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.model.files.DataException;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;

/// The loss of each document for itself, however they are packed.
final class DocumentLosses {
    /// Tokens of a packed sequence, unless a document needs more or the model allows less.
    private static final int TOKENS = 2048;

    private final PackedDataset data;
    private final int length;

    /// @param documents    that may not be cut, each with a token that counts
    /// @param maxPositions the most tokens that the model allows
    /// @param remedy       what makes a document shorter; follows a semicolon
    /// @throws DataException if one is longer than that
    DocumentLosses(List<Document> documents, int maxPositions, String remedy) {
        int longest = 0;
        for (Document document : documents) {
            longest = Math.max(longest, document.ids().length);
            if (longest > maxPositions) {
                throw new DataException(document.origin() + ": question and answer have " + longest
                        + " tokens, and the model allows " + maxPositions + " (max_position_embeddings); " + remedy);
            }
        }
        length = Math.max(longest, Math.min(TOKENS, maxPositions));
        data = new PackedDataset(documents, length, true);
    }

    long tokens() {
        return data.statistics().packedTokens();
    }

    /// Bytes that [#sums] needs, before anything is allocated.
    Program.Memory memory(Llama model) {
        return Evaluator.memory(model, length);
    }

    /// The sum of the losses of each document's tokens, `[documents]`, in nats.
    ///
    /// @param progress hears how many more tokens are done
    double[] sums(Device device, Llama model, Map<String, Tensor> resident, IntConsumer progress) {
        double[] sums = new double[data.statistics().documents()];
        try (Evaluator evaluator = Evaluator.open(device, model, resident, length)) {
            float[] tokenLosses = {};
            int at = 0;
            for (PackedDataset.Piece piece : data.pieces()) {
                if (piece.first()) {
                    tokenLosses = evaluator.tokenLosses(MicroBatch.of(List.of(data.sequence(piece.sequence()))));
                    progress.accept(tokenLosses.length);
                    at = 0;
                }
                for (int end = at + piece.length(); at < end; at++) {
                    sums[piece.document()] += tokenLosses[at];
                }
            }
        }
        return sums;
    }
}
