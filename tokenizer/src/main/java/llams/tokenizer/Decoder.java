package llams.tokenizer;

import java.nio.charset.StandardCharsets;

/// Turns ids back into bytes and text, and finds each token's place in the text. Every id is first turned into the
/// vocabulary's own number ([Numbering]).
final class Decoder {

    private final Vocabulary vocabulary;
    private final AddedTokens added;
    /// Null where numbers are ids.
    private final Numbering numbering;
    /// Added tokens' names in UTF-8, by number from the vocabulary's size on; null where a number is left out.
    private final byte[][] addedBytes;

    Decoder(Vocabulary vocabulary, AddedTokens added, Numbering numbering) {
        this.vocabulary = vocabulary;
        this.added = added;
        this.numbering = numbering;
        int last = vocabulary.size - 1;
        for (AddedToken token : added.tokens) {
            last = Math.max(last, token.id());
        }
        addedBytes = new byte[last + 1 - vocabulary.size][];
        for (AddedToken token : added.tokens) {
            addedBytes[token.id() - vocabulary.size] = Utf8.bytes(token.name());
        }
    }

    /// One more than the highest id.
    int size() {
        return numbering == null ? vocabulary.size + addedBytes.length : numbering.size();
    }

    /// The added token of this id, or null for an ordinary one.
    AddedToken added(int id) {
        return addedNumber(number(id));
    }

    /// The bytes of one token.
    byte[] bytes(int id) {
        int number = number(id);
        return number < vocabulary.size ? vocabulary.bytes(number) : addedBytes[number - vocabulary.size].clone();
    }

    /// The bytes of all tokens, one after the other.
    byte[] bytes(int[] ids) {
        int length = 0;
        for (int id : ids) {
            length = Math.addExact(length, length(number(id)));
        }
        byte[] bytes = new byte[length];
        int at = 0;
        for (int id : ids) {
            int number = number(id);
            int count = length(number);
            if (number < vocabulary.size) {
                System.arraycopy(vocabulary.pool, vocabulary.offset[number], bytes, at, count);
            } else {
                System.arraycopy(addedBytes[number - vocabulary.size], 0, bytes, at, count);
            }
            at += count;
        }
        return bytes;
    }

    /// The text of the ids; bytes that are no UTF-8 become U+FFFD.
    String text(int[] ids) {
        byte[] bytes = bytes(ids);
        return Utf8.decode(bytes, 0, bytes.length);
    }

    /// The text of the ids.
    ///
    /// @throws IllegalArgumentException if the bytes are no UTF-8
    String strictText(int[] ids) {
        byte[] bytes = bytes(ids);
        int bad = Utf8.firstMalformed(bytes, 0, bytes.length);
        if (bad < bytes.length) {
            throw new IllegalArgumentException(String.format(
                    "the bytes of these %d tokens are no UTF-8 at byte %d (0x%02X); decode puts U+FFFD there",
                    ids.length, bad, bytes[bad]));
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// The ids of `text` with their places in it.
    Encoding withOffsets(String text, int[] ids) {
        int[] starts = new int[ids.length];
        int[] ends = new int[ids.length];
        int at = 0;
        int charBytes = text.isEmpty() ? 0 : Utf8.byteCount(text, 0);
        int done = 0;
        for (int i = 0; i < ids.length; i++) {
            starts[i] = at;
            int number = number(ids[i]);
            AddedToken token = addedNumber(number);
            if (token != null && (token.lstrip() || token.rstrip())) {
                int nameEnd = text.indexOf(token.name(), at) + token.name().length();
                at = token.end(text, nameEnd, text.length());
                ends[i] = at;
                charBytes = at < text.length() ? Utf8.byteCount(text, at) : 0;
                continue;
            }
            int left = length(number);
            while (left > 0) {
                int step = Math.min(left, charBytes - done);
                left -= step;
                done += step;
                ends[i] = at + (charBytes == 4 ? 2 : 1);
                if (done == charBytes) {
                    at = ends[i];
                    done = 0;
                    charBytes = at < text.length() ? Utf8.byteCount(text, at) : 0;
                }
            }
        }
        return new Encoding(ids, starts, ends);
    }

    private int length(int number) {
        return number < vocabulary.size ? vocabulary.length(number) : addedBytes[number - vocabulary.size].length;
    }

    private AddedToken addedNumber(int number) {
        return number < vocabulary.size
                ? null
                : added.named(Utf8.decode(addedBytes[number - vocabulary.size], 0, length(number)));
    }

    /// @throws IllegalArgumentException if the vocabulary has no such id
    private int number(int id) {
        int number = numbering == null ? id : numbering.number(id);
        if (number < 0 || number >= vocabulary.size + addedBytes.length
                || number >= vocabulary.size && addedBytes[number - vocabulary.size] == null) {
            throw new IllegalArgumentException("id " + id + " is not in this vocabulary of " + size()
                    + " ids; they probably come from another tokenizer");
        }
        return number;
    }
}
