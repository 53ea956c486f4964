package llams.cli;

import java.io.IOException;
import java.io.Reader;
import java.util.Arrays;
import llams.model.files.DataException;

/// Ids separated by white space or commas, from a text of any length.
final class IdReader {
    private static final int IDS = 1 << 14;

    private final Reader in;
    private final String place;
    private final char[] buffer = new char[1 << 14];
    private int at;
    private int end;
    /// Words read so far.
    private long words;

    /// @param place where the text is from, for messages
    IdReader(Reader in, String place) {
        this.in = in;
        this.place = place;
    }

    /// The next ids; empty at the end.
    ///
    /// @throws DataException if a word is not a number
    int[] next() throws IOException {
        int[] ids = new int[IDS];
        int count = 0;
        for (String word = word(); word != null; word = word()) {
            try {
                ids[count++] = Integer.parseInt(word);
            } catch (NumberFormatException e) {
                throw new DataException(place + ": \"" + word + "\" (number " + words + ") is not an id");
            }
            words++;
            if (count == IDS) {
                break;
            }
        }
        return Arrays.copyOf(ids, count);
    }

    /// Null at the end.
    private String word() throws IOException {
        int c = peek();
        while (c >= 0 && isBetween(c)) {
            if (c == ',' && words == 0) {
                return "";
            }
            at++;
            c = peek();
        }
        StringBuilder word = new StringBuilder();
        while (c >= 0 && !isBetween(c)) {
            word.append((char) c);
            at++;
            c = peek();
        }
        return word.isEmpty() ? null : word.toString();
    }

    private static boolean isBetween(int c) {
        return c == ',' || Character.isWhitespace(c);
    }

    /// The next character, or -1.
    private int peek() throws IOException {
        if (at == end) {
            at = 0;
            end = Math.max(0, in.read(buffer, 0, buffer.length));
        }
        return at == end ? -1 : buffer[at];
    }
}
