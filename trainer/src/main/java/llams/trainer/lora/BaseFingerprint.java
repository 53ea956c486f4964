package llams.trainer.lora;

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

/// A short hash that tells base models apart, so that an adapter is not put on the wrong one.
///
/// It is made from the names and shapes of the blocks' tensors and 64 elements from the middle of each, rounded to bf16.
/// So it costs a page of the file per tensor; a model and its copy in a narrower type have the same one, and so have a model
/// and its copy with a longer vocabulary.
public final class BaseFingerprint {
    /// Under this name the files of a quantized model have the fingerprint of the model that it was made from, and it is theirs
    /// too: an adapter fits both.
    public static final String OF_ORIGINAL = "llams.quantized_from";
    private static final String SCHEME = "1:";
    private static final int SAMPLE = 64;
    private static final int DIGEST_BYTES = 16;

    private BaseFingerprint() {
    }

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

    /// Of a whole file, as 32 hexadecimal digits.
    static String ofFile(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest(), 0, DIGEST_BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// True unless both are of a kind and differ: what another version of the scheme made cannot be compared.
    static boolean agree(String recorded, String actual) {
        return !recorded.startsWith(SCHEME) || recorded.equals(actual);
    }
}
