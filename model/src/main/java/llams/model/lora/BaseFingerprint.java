package llams.model.lora;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeSet;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;

/// Short hashes that tell base models apart, so that an adapter is not put on the wrong one.
///
/// One is a sample, looked at whenever an adapter is used. It is made from the names and shapes of the blocks' tensors
/// and 64 elements from the middle of each, rounded to bf16. So it costs a page of the file per tensor; a model and its
/// copy in a narrower type have the same one, and so have a model and its copy with a longer vocabulary.
///
/// The other covers every byte of every tensor. It costs reading the whole model, and so it is looked at where that is
/// done anyway: when a run starts or is resumed, and when an adapter is trained further or merged.
public final class BaseFingerprint {
    /// Under this name the files of a quantized model have the fingerprint of the model that it was made from, and it
    /// is theirs too: an adapter fits both.
    public static final String OF_ORIGINAL = "llams.quantized_from";
    private static final String SCHEME = "1:";
    private static final String CONTENT_SCHEME = "2:";
    private static final int SAMPLE = 64;
    private static final int DIGEST_BYTES = 16;
    private static final int FORM_BYTES = 8;

    private BaseFingerprint() {}

    /// As `1:` and 32 hexadecimal digits.
    public static String of(Checkpoint base) throws IOException {
        String ofOriginal = base.metadata().get(OF_ORIGINAL);
        if (ofOriginal != null) {
            return ofOriginal;
        }
        MessageDigest digest = sha256();
        for (String name : new TreeSet<>(base.names())) {
            if (name.startsWith("model.layers.") && name.endsWith(".weight") && base.dtype(name).isWeight()) {
                Tensor tensor = base.tensor(name);
                digest.update((name + " " + tensor.shape() + "\n").getBytes(StandardCharsets.UTF_8));
                long elements = tensor.elements();
                long begin = Math.max(0, elements / 2 - SAMPLE / 2);
                for (long i = begin; i < Math.min(elements, begin + SAMPLE); i++) {
                    short bits = BFloat16.fromFloat(tensor.getFloat(i));
                    digest.update((byte) bits);
                    digest.update((byte) (bits >> 8));
                }
            }
        }
        return SCHEME + HexFormat.of().formatHex(digest.digest(), 0, DIGEST_BYTES);
    }

    /// The hash of a whole file, as 32 hexadecimal digits.
    static String ofFile(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest(), 0, DIGEST_BYTES);
    }

    /// The hash of every byte of every tensor, as `2:`, then 16 hexadecimal digits of their names, types and shapes, a dash, and
    /// 16 of what they hold.
    public static String ofContent(LlamaWeights base) throws IOException {
        return form(base.checkpoint) + base.contentHash();
    }

    private static String form(Checkpoint base) throws IOException {
        MessageDigest digest = sha256();
        for (String name : new TreeSet<>(base.names())) {
            digest.update(
                    (name + " " + base.dtype(name) + " " + base.shape(name) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return CONTENT_SCHEME + HexFormat.of().formatHex(digest.digest(), 0, FORM_BYTES) + "-";
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// Both, with a blank between them: what a run notes of its base.
    public static String ofBoth(LlamaWeights base) throws IOException {
        return of(base.checkpoint) + " " + ofContent(base);
    }

    /// Whether two notes of runs are of the same base. Older programs noted the sample alone, and then only samples are
    /// compared.
    public static boolean agree(String a, String b) {
        boolean isContentKnown = a.contains(CONTENT_SCHEME) && b.contains(CONTENT_SCHEME);
        return isContentKnown ? a.equals(b) : sample(a).equals(sample(b));
    }

    private static String sample(String note) {
        return note.replaceFirst(" " + CONTENT_SCHEME + "\\S*", "");
    }

    /// Whether `base` is the model of which this was recorded, as far as can be said: a sample tells less than a
    /// content, and the contents of a model and of its copy in another type or with another vocabulary cannot be
    /// compared. Reads the whole model only if that can decide it.
    ///
    /// @param recorded what [#of] or [#ofContent] made; what another version of the program made counts as right
    static boolean isOf(String recorded, LlamaWeights base) throws IOException {
        if (recorded.startsWith(SCHEME)) {
            return recorded.equals(of(base.checkpoint));
        }
        return !recorded.startsWith(form(base.checkpoint)) || recorded.equals(ofContent(base));
    }
}
