package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Reads `added_tokens` from the head of a `tokenizer.json` in the very form in which Hugging Face's library writes it,
/// ids ascending. Starting the JSON library for that would take longer than all the rest of loading a tiktoken file. At
/// anything unusual it gives up, and [TokenizerJson] reads the file.
final class AddedTokensHead {

    private static final int HEAD_BYTES = 1 << 17;

    private final byte[] head;
    private int p;
    private boolean usual = true;

    private AddedTokensHead(byte[] head) {
        this.head = head;
    }

    /// The tokens, or null if the file's head is not of the usual form.
    static List<AddedToken> read(Path json) throws IOException {
        try (InputStream in = Files.newInputStream(json)) {
            return new AddedTokensHead(in.readNBytes(HEAD_BYTES)).tokens();
        }
    }

    private List<AddedToken> tokens() {
        expect("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
        List<AddedToken> tokens = new ArrayList<>();
        Set<String> names = new HashSet<>();
        long last = -1;
        boolean more = true;
        while (usual && more) {
            expect("{\"id\":");
            long id = number();
            expect(",\"content\":\"");
            String name = plainText();
            expect("\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":");
            boolean normalized = flag();
            expect(",\"special\":");
            boolean special = flag();
            expect("}");
            usual &= id > last && names.add(name);
            tokens.add(new AddedToken(name, (int) id, special, false, false, false, normalized));
            last = id;
            skipSpace();
            more = p < head.length && head[p] == ',';
            p += more ? 1 : 0;
        }
        expect("],\"normalizer\":");
        return usual ? tokens : null;
    }

    private void skipSpace() {
        while (p < head.length && (head[p] == ' ' || head[p] == '\n' || head[p] == '\r' || head[p] == '\t')) {
            p++;
        }
    }

    /// Reads `text`, which has no white space, allowing white space anywhere but between two letters.
    private void expect(String text) {
        for (int i = 0; usual && i < text.length(); i++) {
            if (i == 0 || !Character.isLetter(text.charAt(i)) || !Character.isLetter(text.charAt(i - 1))) {
                skipSpace();
            }
            usual = p < head.length && head[p] == text.charAt(i);
            p++;
        }
    }

    private long number() {
        skipSpace();
        int begin = p;
        long number = 0;
        while (p < head.length && head[p] >= '0' && head[p] <= '9' && p - begin < 9) {
            number = number * 10 + head[p++] - '0';
        }
        usual &= p > begin && (head[begin] != '0' || p == begin + 1);
        return number;
    }

    private boolean flag() {
        skipSpace();
        boolean flag = p < head.length && head[p] == 't';
        expect(flag ? "true" : "false");
        return flag;
    }

    /// Printable ASCII up to the closing quote; an escape is not usual.
    private String plainText() {
        int begin = p;
        while (p < head.length && head[p] != '"' && head[p] != '\\' && head[p] >= ' ') {
            p++;
        }
        usual &= p > begin && p < head.length && head[p] == '"';
        return new String(head, begin, p - begin, StandardCharsets.US_ASCII);
    }
}
