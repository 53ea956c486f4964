package llams.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.model.files.DataException;

/// Small texts that people write: UTF-8, or UTF-16 as some editors and shells of Windows have it.
final class TextFile {
    private TextFile() {}

    /// The whole text, without a byte order mark.
    ///
    /// @throws DataException if it is longer than `mostBytes`, or neither UTF-8 nor UTF-16
    static String read(Path file, int mostBytes) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(mostBytes);
            if (in.read() >= 0) {
                throw new DataException(
                        file + ": longer than " + MachineMemory.text(mostBytes) + ", more than a file like this needs");
            }
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        String text;
        try {
            text = decode(bytes, file.toString());
        } catch (DataException e) {
            throw new DataException(e.getMessage() + "; convert it, for example with 'iconv -f CP949 -t UTF-8'");
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /// A byte order mark stays in the text, unless it is the one of UTF-16.
    ///
    /// @param place where the bytes are from, for the message
    static String decode(byte[] bytes, String place) {
        Charset charset = charset(bytes);
        ByteBuffer source = ByteBuffer.wrap(bytes);
        try {
            return charset.newDecoder().decode(source).toString();
        } catch (CharacterCodingException e) {
            throw new DataException(place + ": not " + charset + " at byte " + source.position());
        }
    }

    /// That of a whole text. UTF-16 shows by its mark or, as YAML 1.2 and JSON have it, by the zero beside the first letter.
    static Charset charset(byte[] bytes) {
        int first = bytes.length < 2 ? -1 : (bytes[0] & 0xff) << 8 | bytes[1] & 0xff;
        if (first == 0xfeff || first == 0xfffe) {
            return StandardCharsets.UTF_16;
        }
        if (first <= 0 || (bytes.length & 1) != 0) {
            return StandardCharsets.UTF_8;
        }
        return (first & 0xff) == 0
                ? StandardCharsets.UTF_16LE
                : first >> 8 == 0 ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_8;
    }
}
