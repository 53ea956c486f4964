package llams.model.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/// Text ends before a stop text wherever tokens divide it, and is complete where there is none.
class TextStreamTest {
    private static final Tokenizer BYTES = bytes();

    private static Tokenizer bytes() {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        return Tokenizer.of(tokens, List.of());
    }

    /// Feeds `text` byte by byte; the pieces that come out, then `|` and what was left of the text when it stopped.
    private static String run(String text, String... stops) {
        StringBuilder pieces = new StringBuilder();
        TextStream stream = new TextStream(BYTES, List.of(stops));
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            pieces.append(stream.accept(bytes[i] & 0xff));
            if (stream.isStopped()) {
                return pieces + stream.finish() + "|"
                        + new String(bytes, i + 1, bytes.length - i - 1, StandardCharsets.UTF_8);
            }
        }
        return pieces + stream.finish();
    }

    @Test
    void stopsBeforeAStopTextSplitOverTokens() {
        assertEquals("The |, or not", run("The End, or not", "End"));
        assertEquals("안녕 |하세요", run("안녕 끝하세요", "끝"));
    }

    @Test
    void whatOnlyBeganLikeAStopTextIsText() {
        assertEquals("The En", run("The En", "End"));
        assertEquals("EnEn|x", run("EnEnEndx", "End"));
        assertEquals("aab", run("aab", "aaab"));
    }

    @Test
    void theEarliestOfSeveralStopTextsCounts() {
        assertEquals("a|", run("abc", "abcd", "c", "bc"));
        assertEquals("x|ed", run("xstopped", "stopping", "stopp"));
    }

    @Test
    void charactersComeWhole() {
        List<String> pieces = new ArrayList<>();
        TextStream stream = new TextStream(BYTES, List.of());
        for (byte b : "한글".getBytes(StandardCharsets.UTF_8)) {
            pieces.add(stream.accept(b & 0xff));
        }
        assertEquals(List.of("", "", "한", "", "", "글"), pieces);
        assertEquals("", stream.accept(0xed));
        assertEquals("\uFFFD", stream.finish());
    }
}
