package llams.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.tensor.CounterRandom;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Text to ids and back on one thread, and the loading of a vocabulary. GB/s are those of the text as UTF-8.
public class TokenizerBenchmark {
    @State(Scope.Benchmark)
    public static class Text {
        private static final int CHARACTERS = 1 << 20;
        private static final int CHECKED_CHARACTERS = 20_000;
        private static final int TRAINED_VOCAB = 8000;

        /// A tokenizer's file or directory, or `trained` for a vocabulary of 8000 learned from the made-up text.
        @Param("trained")
        public String tokenizer;

        /// A text file (a mebi of its characters are used), or `korean` or `latin` for made-up words of such letters.
        @Param({"korean", "latin"})
        public String text;

        private Tokenizer coder;
        private Path file;
        private boolean isTemporary;
        private String content;
        private int bytes;
        private int[] ids;

        @Setup
        public void open() throws IOException {
            content = switch (text) {
                case "korean" -> words('가', 2000, 1, 4);
                case "latin" -> words('a', 26, 2, 9);
                default -> Files.readString(Path.of(text));
            };
            content = content.substring(0, Math.min(CHARACTERS, content.length()));
            if (tokenizer.equals("trained")) {
                BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
                trainer.add(content);
                coder = trainer.train(TRAINED_VOCAB, Tokenizer.llama3Specials());
                file = Files.createTempFile("llams-bench", ".model");
                isTemporary = true;
                coder.writeTiktoken(file);
            } else {
                file = Path.of(tokenizer);
                coder = Tokenizer.load(file);
            }
            bytes = content.getBytes(StandardCharsets.UTF_8).length;
            ids = coder.encodeOrdinary(content);
            check();
        }

        /// Words picked so that some are frequent and many are rare, in lines.
        private static String words(char firstLetter, int letters, int shortest, int longest) {
            CounterRandom random = new CounterRandom(11, firstLetter);
            StringBuilder text = new StringBuilder();
            for (long at = 0; text.length() < CHARACTERS; at += 2) {
                // Zipf's law: the square makes low numbers likelier.
                double u = random.uniform(at);
                int word = (int) (20_000 * u * u * u);
                CounterRandom spelling = new CounterRandom(13, word);
                int length = shortest + spelling.below(longest - shortest + 1, 0);
                for (int i = 1; i <= length; i++) {
                    text.append((char) (firstLetter + spelling.below(letters, i)));
                }
                int mark = random.below(20, at + 1);
                text.append(mark == 0 ? ".\n" : mark == 1 ? ", " : " ");
            }
            return text.toString();
        }

        /// Decoding gives the text back, and its beginning has the ids of the plainest byte-pair encoding.
        private void check() {
            if (!coder.decode(ids).equals(content)) {
                throw new IllegalStateException("wrong answer: the decoded text is not the encoded one");
            }
            String beginning = content.substring(0, Math.min(CHECKED_CHARACTERS, content.length()));
            int[] expected = plain(beginning);
            int[] actual = coder.encodeOrdinary(beginning);
            int at = Arrays.mismatch(actual, expected);
            if (at >= 0) {
                throw new IllegalStateException(
                        "wrong answer: id " + at + " of " + expected.length + " is not that of plain merging");
            }
        }

        private int[] plain(String beginning) {
            List<Integer> made = new ArrayList<>();
            Matcher pieces = Pattern.compile(coder.pattern().regex, Pattern.UNICODE_CHARACTER_CLASS).matcher(beginning);
            while (pieces.find()) {
                byte[] piece = pieces.group().getBytes(StandardCharsets.UTF_8);
                if (coder.token(piece).isPresent()) {
                    made.add(coder.token(piece).getAsInt());
                } else {
                    merge(piece, made);
                }
            }
            return made.stream().mapToInt(Integer::intValue).toArray();
        }

        /// Joins the neighbours that make the lowest id until none make one.
        private void merge(byte[] piece, List<Integer> made) {
            List<byte[]> parts = new ArrayList<>();
            for (byte b : piece) {
                parts.add(new byte[] {b});
            }
            while (true) {
                int best = -1;
                int lowest = Integer.MAX_VALUE;
                for (int i = 0; i + 1 < parts.size(); i++) {
                    int id = coder.token(joined(parts, i)).orElse(Integer.MAX_VALUE);
                    if (id < lowest) {
                        lowest = id;
                        best = i;
                    }
                }
                if (best < 0) {
                    break;
                }
                parts.set(best, joined(parts, best));
                parts.remove(best + 1);
            }
            parts.forEach(part -> made.add(coder.token(part).orElseThrow()));
        }

        private static byte[] joined(List<byte[]> parts, int at) {
            byte[] left = parts.get(at);
            byte[] right = parts.get(at + 1);
            byte[] both = Arrays.copyOf(left, left.length + right.length);
            System.arraycopy(right, 0, both, left.length, right.length);
            return both;
        }

        @TearDown
        public void delete() throws IOException {
            if (isTemporary) {
                Files.delete(file);
            }
        }
    }

    @Benchmark
    public int[] encode(Text text, Work work) {
        work.add(0, text.bytes, text.ids.length);
        return text.coder.encodeOrdinary(text.content);
    }

    @Benchmark
    public String decode(Text text, Work work) {
        work.add(0, text.bytes, text.ids.length);
        return text.coder.decode(text.ids);
    }

    /// Reads and checks the vocabulary.
    @Benchmark
    public Tokenizer load(Text text) throws IOException {
        return Tokenizer.load(text.file);
    }
}
