package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads JSON of the form in which Hugging Face's library writes a tokenizer. Starting the JSON library would take longer
/// than all the rest of loading a vocabulary. At anything unusual, an error or not, it gives up, and [TokenizerJson] reads
/// the file.
final class UsualJson {

    /// Thrown to give up.
    static final class Unusual extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unusual() {
            super(null, null, false, false);
        }
    }

    /// The longest piece of a vocabulary, in bytes.
    static final int MOST_PIECE_BYTES = 1 << 12;

    private static final int MOST_DEPTH = 50;
    private static final int MOST_DIGITS = 9;
    private static final int MOST_BYTES = 1 << 26;
    private static final int READ_BYTES = 1 << 16;

    /// Ends with a 0, which JSON never has: whatever reads on stops there.
    private final byte[] text;
    private int p;
    private int depth;

    private UsualJson(byte[] text) {
        this.text = text;
    }

    /// Reads a file, of which no more than 64 MiB are usual.
    static UsualJson open(Path file) throws IOException {
        return open(file, MOST_BYTES);
    }

    /// Reads the first `most` bytes of a file, or all if it has no more.
    static UsualJson open(Path file, int most) throws IOException {
        int size = (int) Math.min(Files.size(file), most);
        byte[] text = new byte[size + 1];
        try (InputStream in = Files.newInputStream(file)) {
            // In pieces: Java copies what it reads once more.
            for (int at = 0; at < size; at += READ_BYTES) {
                in.readNBytes(text, at, Math.min(READ_BYTES, size - at));
            }
        }
        return new UsualJson(text);
    }

    /// As [TokenizerJson] has values: maps, lists, strings, longs, booleans and nulls.
    Object value() {
        if (++depth > MOST_DEPTH) {
            throw new Unusual();
        }
        skipSpace();
        Object value = switch (text[p]) {
            case '{' -> object();
            case '[' -> list();
            case '"' -> string();
            case 't' -> literal("true", true);
            case 'f' -> literal("false", false);
            case 'n' -> literal("null", null);
            default -> (long) number();
        };
        depth--;
        return value;
    }

    private Map<String, Object> object() {
        Map<String, Object> map = new LinkedHashMap<>();
        for (boolean more = begin('{', '}'); more; more = more('}')) {
            String name = name();
            if (map.containsKey(name)) {
                throw new Unusual();
            }
            map.put(name, value());
        }
        return map;
    }

    private List<Object> list() {
        List<Object> list = new ArrayList<>();
        for (boolean more = begin('[', ']'); more; more = more(']')) {
            list.add(value());
        }
        return list;
    }

    /// Begins an object or a list, and says whether there is anything in it.
    boolean begin(char first, char last) {
        expect(first);
        return !take(last);
    }

    /// Ends an entry, and says whether another one follows.
    boolean more(char last) {
        if (take(last)) {
            return false;
        }
        expect(',');
        return true;
    }

    /// A member's name, with its colon.
    String name() {
        String name = string();
        expect(':');
        return name;
    }

    private Object literal(String word, Object value) {
        for (int i = 0; i < word.length(); i++) {
            if (text[p++] != word.charAt(i)) {
                throw new Unusual();
            }
        }
        return value;
    }

    /// A whole number of few digits.
    int number() {
        skipSpace();
        int begin = p;
        int number = 0;
        while (text[p] >= '0' && text[p] <= '9' && p - begin < MOST_DIGITS) {
            number = number * 10 + text[p++] - '0';
        }
        if (p == begin || text[begin] == '0' && p > begin + 1) {
            throw new Unusual();
        }
        return number;
    }

    private String string() {
        expect('"');
        int begin = p;
        while (text[p] != '"') {
            p += text[p] == '\\' ? 1 : 0;
            if (text[p] >= 0 && text[p] < ' ') {
                throw new Unusual();
            }
            p++;
        }
        byte[] plain = new byte[p - begin];
        int length = 0;
        for (int i = begin; i < p; i++) {
            plain[length++] = text[i] == '\\' ? escaped(text[++i]) : text[i];
        }
        p++;
        if (Utf8.firstMalformed(plain, 0, length) < length) {
            throw new Unusual();
        }
        return new String(plain, 0, length, StandardCharsets.UTF_8);
    }

    private static byte escaped(byte letter) {
        return switch (letter) {
            case '"', '\\', '/' -> letter;
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> throw new Unusual();
        };
    }

    /// Reads a piece of a vocabulary, of which the first quote has been read, up to a space or the other quote. Its bytes
    /// go to `into` from `at` on; returns their end.
    int piece(byte[] into, int at) {
        byte[] text = this.text;
        int p = this.p;
        int most = Math.min(into.length, at + MOST_PIECE_BYTES);
        while (text[p] != '"' && text[p] != ' ') {
            int point = text[p++];
            if (point == '\\') {
                point = text[p++];
                if (point != '"' && point != '\\') {
                    throw new Unusual();
                }
            } else if (point < 0) {
                int next = text[p++] & 0xFF;
                if ((point & 0xE0) != 0xC0 || (next & 0xC0) != 0x80) {
                    throw new Unusual();
                }
                point = (point & 0x1F) << 6 | next & 0x3F;
            }
            int b = ByteLevel.byteOf(point);
            if (b < 0 || at == most) {
                throw new Unusual();
            }
            into[at++] = (byte) b;
        }
        this.p = p;
        return at;
    }

    /// Reads `c` if it comes next, which may be after white space.
    boolean take(char c) {
        skipSpace();
        boolean comes = text[p] == c;
        p += comes ? 1 : 0;
        return comes;
    }

    void expect(char c) {
        if (!take(c)) {
            throw new Unusual();
        }
    }

    /// Reads a space.
    void expectSpace() {
        if (text[p++] != ' ') {
            throw new Unusual();
        }
    }

    private void skipSpace() {
        while (text[p] == ' ' || text[p] == '\n' || text[p] == '\r' || text[p] == '\t') {
            p++;
        }
    }
}
