package llams.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Small vocabularies, and the plainest right way to use them.
final class Vocabularies {

    /// Text in many scripts, with what splitters care for.
    static final String SAMPLE = "Hello, world! It's 2024; we'll see 12345 THINGS'RE\r\n\r\n  한국어 토크나이저는 글자를"
            + " 나눕니다.\t\tx\u00A0y 😀😀👩‍🚀 "
            + "ǅungla ʰa ñandú e\u0301 नमस्ते ٣٤٥ Ⅻ ½ ſ'ſ 'S don\u2019t \u3000\u3000안녕 \u0085 a/b//\n/ $$ %%\n\n"
            + " end   ";

    private Vocabularies() {}

    /// All bytes, and `more` random pieces of the sample, of letters a and b, and of anything, in random order.
    static List<byte[]> random(Random random, int more) {
        byte[] sample = Utf8.bytes(SAMPLE);
        List<byte[]> tokens = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int b = 0; b < 256; b++) {
            add(tokens, seen, new byte[] {(byte) b});
        }
        while (tokens.size() < 256 + more) {
            byte[] token = new byte[2 + random.nextInt(random.nextInt(10) == 0 ? 20 : 5)];
            int from = random.nextInt(sample.length - token.length);
            int kind = random.nextInt(4);
            for (int i = 0; i < token.length; i++) {
                token[i] = kind == 0 ? (byte) ('a' + random.nextInt(2)) : kind == 1 ? (byte) 'a' : sample[from + i];
            }
            add(tokens, seen, token);
        }
        java.util.Collections.shuffle(tokens, random);
        return tokens;
    }

    /// All bytes, and `more` strings of up to `longest` of the first `alphabet` letters, in random order; fewer where
    /// there are no more such strings.
    static List<byte[]> dense(Random random, int alphabet, int longest, int more) {
        List<byte[]> tokens = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int b = 0; b < 256; b++) {
            add(tokens, seen, new byte[] {(byte) b});
        }
        for (int i = 0; i < 3 * more && tokens.size() < 256 + more; i++) {
            byte[] token = new byte[2 + random.nextInt(longest - 1)];
            for (int j = 0; j < token.length; j++) {
                token[j] = (byte) ('a' + random.nextInt(alphabet));
            }
            add(tokens, seen, token);
        }
        if (random.nextInt(3) > 0) {
            java.util.Collections.shuffle(tokens, random);
        } else if (random.nextBoolean()) {
            tokens.sort(java.util.Comparator.comparingInt(token -> token.length));
        }
        return tokens;
    }

    private static void add(List<byte[]> tokens, Set<String> seen, byte[] token) {
        if (seen.add(latin1(token))) {
            tokens.add(token);
        }
    }

    static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /// The pattern's expression for `java.util.regex`: with Unicode's `\s` and Unicode's case folding.
    static Pattern regex(SplitPattern pattern) {
        String space = "\\t-\\r\\x20\\x85\\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000";
        String regex = pattern.regex.replace("[^\\s\\p{L}\\p{N}]", "[^" + space + "\\p{L}\\p{N}]")
                .replace("\\S", "[^" + space + "]")
                .replace("\\s", "[" + space + "]")
                .replace("(?i:", "(?iu:");
        return Pattern.compile(regex);
    }

    static List<String> split(Pattern regex, String text) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = regex.matcher(text);
        while (matcher.find()) {
            pieces.add(matcher.group());
        }
        return pieces;
    }

    /// Random text of code points that matter, lone surrogates among them.
    static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        int mode = random.nextInt(4);
        while (text.length() < length) {
            switch (mode == 3 ? random.nextInt(3) : mode) {
                case 0 -> text.append((char) random.nextInt(random.nextBoolean() ? 0x80 : 0x3200));
                case 1 -> text.appendCodePoint(random.nextInt(0x110000));
                default -> text.append(SAMPLE.charAt(random.nextInt(SAMPLE.length())));
            }
        }
        return text.toString();
    }

    /// Encoding by the book: split by regex, look up the whole piece, else merge the lowest rank, the leftmost on ties.
    static List<Integer> encode(List<byte[]> tokens, Pattern regex, String text) {
        Map<String, Integer> ranks = ranks(tokens);
        List<Integer> ids = new ArrayList<>();
        for (String piece : split(regex, new String(Utf8.bytes(text), StandardCharsets.UTF_8))) {
            String bytes = latin1(piece.getBytes(StandardCharsets.UTF_8));
            if (ranks.containsKey(bytes)) {
                ids.add(ranks.get(bytes));
            } else {
                ids.addAll(merge(ranks, bytes));
            }
        }
        return ids;
    }

    static Map<String, Integer> ranks(List<byte[]> tokens) {
        Map<String, Integer> ranks = new HashMap<>();
        for (int i = 0; i < tokens.size(); i++) {
            ranks.put(latin1(tokens.get(i)), i);
        }
        return ranks;
    }

    static List<Integer> merge(Map<String, Integer> ranks, String piece) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < piece.length(); i++) {
            parts.add(piece.substring(i, i + 1));
        }
        List<Integer> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < parts.size(); i++) {
            pairs.add(rank(ranks, parts, i));
        }
        while (true) {
            int best = Integer.MAX_VALUE;
            int at = -1;
            for (int i = 0; i < pairs.size(); i++) {
                if (pairs.get(i) < best) {
                    best = pairs.get(i);
                    at = i;
                }
            }
            if (at < 0) {
                return parts.stream().map(ranks::get).toList();
            }
            parts.set(at, parts.get(at) + parts.remove(at + 1));
            pairs.remove(at);
            for (int i = Math.max(0, at - 1); i <= at && i < pairs.size(); i++) {
                pairs.set(i, rank(ranks, parts, i));
            }
        }
    }

    private static int rank(Map<String, Integer> ranks, List<String> parts, int left) {
        return ranks.getOrDefault(parts.get(left) + parts.get(left + 1), Integer.MAX_VALUE);
    }
}
