package llams.trainer.data;

import java.io.IOException;
import java.util.function.Consumer;

/// Plain text, unchanged. The whole file is one document, so that a model learns from as much
/// context as a sequence holds; a file of many documents separates them by lines of `<|endoftext|>` or
/// `<|end_of_text|>`.
///
/// A long document comes in pieces of about a million characters. They end where the Llama-3 splitter ends a piece
/// whatever follows: after a line end, before a character that is not white space. So the ids are those of the whole
/// text.
final class PlainTextReader {
    static final int PIECE_CHARS = 1 << 20;

    private PlainTextReader() {}

    static void read(Lines lines, Consumer<? super Sample.Text> samples) throws IOException {
        read(lines, PIECE_CHARS, samples);
    }

    static void read(Lines lines, int pieceChars, Consumer<? super Sample.Text> samples) throws IOException {
        StringBuilder text = new StringBuilder();
        boolean starts = true;
        String place = "";
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (isSeparator(line)) {
                emit(place, text, starts, true, samples);
                starts = true;
                continue;
            }
            if (text.isEmpty()) {
                place = lines.place();
            } else if (text.length() >= pieceChars && !line.isEmpty() && !isSpace(line.codePointAt(0))) {
                emit(place, text, starts, false, samples);
                starts = false;
                place = lines.place();
            }
            text.append(line);
            if (lines.terminated()) {
                text.append('\n');
            }
        }
        emit(place, text, starts, true, samples);
    }

    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    private static boolean isSeparator(String line) {
        String mark = line.strip();
        return mark.equals("<|endoftext|>") || mark.equals("<|end_of_text|>");
    }

    private static void emit(String place, StringBuilder text, boolean starts, boolean ends,
            Consumer<? super Sample.Text> samples) {
        if (!starts || !text.toString().isBlank()) {
            samples.accept(new Sample.Text(place, text.toString(), starts, ends));
        }
        text.setLength(0);
    }
}
