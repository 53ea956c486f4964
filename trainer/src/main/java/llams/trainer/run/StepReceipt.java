package llams.trainer.run;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import llams.model.files.Sha256;
import llams.trainer.data.PackedSequence;
import tools.jackson.databind.JsonNode;

/// What vouches for the steps of a run: each row of the log names the data of its step, and a hash of this row's
/// results and of the receipt before it. So the receipt in a save vouches for every step up to it, and two runs that
/// made the same steps have the same one, whatever interrupted them. Hashes are the first half of a SHA-256.
final class StepReceipt {
    /// Before the first step.
    static final String NONE = "";
    /// The keys in a row.
    static final String DATA = "data", GRADIENTS = "gradients", CHAIN = "receipt", ROW = "sum";
    /// What a step is, in the order in which it is hashed. The hash of the gradients is not in the rows of devices that do
    /// not show them, nor in those of older versions of this program.
    static final List<String> RESULTS = List.of("step", DATA, "loss", "lr", "gradNorm", "countedTokens", GRADIENTS);
    private static final int BYTES = 16;

    private StepReceipt() {}

    /// Of what a step trains on: the ids, labels and documents of its micro-batches.
    static String ofData(List<MicroBatch> batches) {
        MessageDigest digest = digest();
        for (MicroBatch batch : batches) {
            PackedSequence sequence = batch.sequence();
            for (int[] part : List.of(sequence.ids(), sequence.label(), sequence.documentStart())) {
                ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (part.length + 1));
                bytes.putInt(part.length).asIntBuffer().put(part);
                digest.update(bytes.rewind());
            }
        }
        return hex(digest);
    }

    /// The receipt of a row, from its [#RESULTS] as they are written and the receipt before it.
    static String after(String before, JsonNode row) {
        StringBuilder results = new StringBuilder(before);
        for (String name : RESULTS) {
            if (row.has(name) || !name.equals(GRADIENTS)) {
                results.append('\n').append(row.path(name));
            }
        }
        return ofText(results.toString());
    }

    /// Of a text, such as a row without this hash itself.
    static String ofText(String text) {
        MessageDigest digest = digest();
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        return hex(digest);
    }

    static MessageDigest digest() {
        return Sha256.sha256();
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    }
}
