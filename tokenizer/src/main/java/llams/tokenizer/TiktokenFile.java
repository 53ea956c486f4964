package llams.tokenizer;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;

/// tiktoken's file format: one token per line, its bytes in base64, a space, its rank. It has no special tokens and no
/// pattern.
final class TiktokenFile {

    private static final byte[] DIGIT = new byte[256];

    static {
        Arrays.fill(DIGIT, (byte) -1);
        String digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (int i = 0; i < digits.length(); i++) {
            DIGIT[digits.charAt(i)] = (byte) i;
        }
    }

    private final Path path;
    /// The file as read, overwritten from the front by the decoded tokens, which need less room than their digits.
    private final byte[] file;
    /// Where each line's token starts in `file`, after it was read.
    private int[] offset;
    /// The ranks of the lines, or null as long as they ascend from 0 on.
    private int[] rankOfLine;
    private int lines;
    private int poolEnd;
    private int p;

    private TiktokenFile(Path path, byte[] file) {
        this.path = path;
        this.file = file;
        offset = new int[Math.max(16, file.length / 16)];
    }

    /// @throws IOException if the file cannot be read or is not of this format; the message names the line
    static Vocabulary read(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        refuseOtherKinds(path, file);
        return new TiktokenFile(path, file).parse();
    }

    static void write(Vocabulary vocabulary, OutputStream out) throws IOException {
        Base64.Encoder base64 = Base64.getEncoder();
        for (int id = 0; id < vocabulary.size; id++) {
            out.write(base64.encode(vocabulary.bytes(id)));
            out.write((" " + id + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void refuseOtherKinds(Path path, byte[] file) throws IOException {
        String what = null;
        if (file.length == 0) {
            what = "the file is empty; download it again";
        } else if (startsWith(file, "version https://git-lfs")) {
            what = "this is a Git LFS pointer, not the file itself; fetch the file with git lfs pull, or download"
                    + " it from the model's page";
        } else if (file[0] == '\n') {
            what = "this looks like a SentencePiece model (Llama 2); Llama 3's tokenizer.model is a text file of"
                    + " base64 tokens and ranks";
        } else if (file[0] == '<') {
            what = "this looks like a web page, not a tokenizer; the download probably needs a login or a token";
        }
        if (what != null) {
            throw new IOException(path + ": " + what);
        }
    }

    private static boolean startsWith(byte[] file, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return file.length >= bytes.length && Arrays.equals(file, 0, bytes.length, bytes, 0, bytes.length);
    }

    private Vocabulary parse() throws IOException {
        while (p < file.length) {
            if (lines + 1 == offset.length) {
                offset = Arrays.copyOf(offset, lines * 2);
            }
            offset[lines] = poolEnd;
            base64();
            keepRank(rank());
            lines++;
        }
        offset[lines] = poolEnd;
        try {
            return vocabulary();
        } catch (IllegalArgumentException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
        }
    }

    private void keepRank(int rank) {
        if (rank != lines && rankOfLine == null) {
            rankOfLine = new int[offset.length];
            for (int line = 0; line < lines; line++) {
                rankOfLine[line] = line;
            }
        }
        if (rankOfLine != null) {
            if (lines == rankOfLine.length) {
                rankOfLine = Arrays.copyOf(rankOfLine, lines * 2);
            }
            rankOfLine[lines] = rank;
        }
    }

    /// Decodes up to the space.
    private void base64() throws IOException {
        int begin = p;
        fourByFour();
        int bits = 0;
        int count = 0;
        while (p < file.length && file[p] > ' ' && file[p] != '=') {
            int digit = DIGIT[file[p]];
            if (digit < 0) {
                throw bad("'" + (char) file[p] + "' is not a base64 digit");
            }
            bits = bits << 6 | digit;
            count++;
            if ((count & 3) != 1) {
                file[poolEnd++] = (byte) (bits >> (-2 * count & 6));
            }
            p++;
        }
        int digits = p - begin;
        while (p < file.length && file[p] == '=') {
            p++;
        }
        boolean whole = (digits & 3) != 1 && p - begin == (digits + 3 & ~3);
        if (digits == 0 || !whole) {
            throw bad(digits == 0
                    ? "the token is missing"
                    : "the base64 text is cut short: " + digits + " digits, and " + (p - begin - digits)
                            + " times '='");
        }
        if (p == file.length || file[p] != ' ') {
            throw bad("after the token a space and its rank are wanted");
        }
        p++;
    }

    /// Decodes as long as the next four bytes are digits.
    private void fourByFour() {
        byte[] file = this.file;
        int from = p;
        int to = poolEnd;
        for (; from + 4 <= file.length; from += 4) {
            int bits = DIGIT[file[from] & 0xFF] << 18 | DIGIT[file[from + 1] & 0xFF] << 12
                    | DIGIT[file[from + 2] & 0xFF] << 6 | DIGIT[file[from + 3] & 0xFF];
            if (bits < 0) {
                break;
            }
            file[to] = (byte) (bits >> 16);
            file[to + 1] = (byte) (bits >> 8);
            file[to + 2] = (byte) bits;
            to += 3;
        }
        p = from;
        poolEnd = to;
    }

    /// Reads the number up to the end of the line.
    private int rank() throws IOException {
        int begin = p;
        long rank = 0;
        while (p < file.length && file[p] >= '0' && file[p] <= '9' && p - begin < 10) {
            rank = rank * 10 + file[p++] - '0';
        }
        if (p == begin || rank > Integer.MAX_VALUE) {
            throw bad("the rank must be a number from 0 to " + Integer.MAX_VALUE);
        }
        if (p < file.length && file[p] == '\r') {
            p++;
        }
        if (p < file.length && file[p++] != '\n') {
            throw bad("after the rank the end of the line is wanted");
        }
        return (int) rank;
    }

    /// Puts the lines in the order of their ranks; nearly always they are already.
    private Vocabulary vocabulary() throws IOException {
        if (rankOfLine == null) {
            byte[] pool = new byte[poolEnd + Vocabulary.SLACK_BYTES];
            System.arraycopy(file, 0, pool, 0, poolEnd);
            return new Vocabulary(pool, Arrays.copyOf(offset, lines + 1));
        }
        int[] lineOfRank = new int[lines];
        for (int line = 0; line < lines; line++) {
            int rank = rankOfLine[line];
            if (rank >= lines) {
                throw new IOException(path + ":" + (line + 1) + ": rank " + rank + " in a file of " + lines
                        + " lines: ranks must be 0 to " + (lines - 1) + ", each once; the file is damaged or cut"
                        + " short");
            }
            if (lineOfRank[rank] != 0) {
                throw new IOException(
                        path + ":" + (line + 1) + ": rank " + rank + " was already given in line " + lineOfRank[rank]);
            }
            lineOfRank[rank] = line + 1;
        }
        byte[] sortedPool = new byte[poolEnd + Vocabulary.SLACK_BYTES];
        int[] sortedOffset = new int[lines + 1];
        for (int rank = 0; rank < lines; rank++) {
            int line = lineOfRank[rank] - 1;
            int length = offset[line + 1] - offset[line];
            System.arraycopy(file, offset[line], sortedPool, sortedOffset[rank], length);
            sortedOffset[rank + 1] = sortedOffset[rank] + length;
        }
        return new Vocabulary(sortedPool, sortedOffset);
    }

    private IOException bad(String what) {
        return new IOException(path + ":" + (lines + 1) + ": " + what + "; a line is a base64 token, a space, its"
                + " rank; download the file again");
    }
}
