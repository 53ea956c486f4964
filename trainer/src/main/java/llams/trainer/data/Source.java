package llams.trainer.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import io.airlift.compress.v3.zstd.ZstdInputStream;

/// Opens data files. Each is read once and forwards, so a pipe is as good as a file.
public final class Source {
    private Source() {}

    /// How messages call a file.
    static String name(Path file) {
        return isStandardInput(file) ? "stdin" : file.toString();
    }

    /// A file's name in small letters, without the ending of its compression.
    static String contentName(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT).replaceFirst("\\.(gz|zst)$", "");
    }

    private static InputStream decompressed(Path file, InputStream raw) throws IOException {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".gz") && !name.endsWith(".zst")) {
            return raw;
        }
        try {
            return new CompressedStream(file,
                    name.endsWith(".gz") ? new GZIPInputStream(raw, 1 << 16) : new ZstdInputStream(raw));
        } catch (IOException e) {
            raw.close();
            throw CompressedStream.damaged(file, e);
        }
    }

    private static boolean isStandardInput(Path file) {
        return file.toString().equals("-");
    }

    /// The bytes of a text, decompressed, in UTF-8 whatever the file's own encoding is. `-` is standard input.
    public static BufferedInputStream open(Path file) throws IOException {
        return open(file, ReadingListener.SILENT);
    }

    /// As above.
    ///
    /// @param listener hears how much of a file has been read
    static BufferedInputStream open(Path file, ReadingListener listener) throws IOException {
        InputStream raw = isStandardInput(file) ? System.in : Files.newInputStream(file);
        if (Files.isRegularFile(file)) {
            raw = new CountedStream(raw, name(file), Files.size(file), listener);
        }
        BufferedInputStream in = new BufferedInputStream(decompressed(file, raw), 1 << 16);
        in.mark(2);
        int first = in.read();
        int second = in.read();
        in.reset();
        // A text in UTF-16 without its mark starts with a character whose other byte is 0; one in UTF-8 has no such
        // byte.
        if (first == 0xFF && second == 0xFE || first > 0 && second == 0) {
            return new BufferedInputStream(new Utf16Stream(in, StandardCharsets.UTF_16LE, name(file)));
        } else if (first == 0xFE && second == 0xFF || first == 0 && second > 0) {
            return new BufferedInputStream(new Utf16Stream(in, StandardCharsets.UTF_16BE, name(file)));
        }
        return in;
    }
}
