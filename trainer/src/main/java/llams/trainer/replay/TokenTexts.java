package llams.trainer.replay;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.io.ByteArrayOutputStream;
import llams.tokenizer.Tokenizer;

/// Tokens as text. Some hold only a part of a character, as is usual in Korean.
final class TokenTexts {
    private static final int MOST_PARTS = 6;

    private final Tokenizer tokenizer;

    /// @param tokenizerOrNull null if there is none: tokens are then shown as their ids
    TokenTexts(Tokenizer tokenizerOrNull) {
        tokenizer = tokenizerOrNull;
    }

    /// A token by itself; a part of a character as its bytes, such as `<EC><84>`.
    String one(int id) {
        if (tokenizer == null) {
            return Integer.toString(id);
        }
        byte[] bytes = bytes(id);
        String text = decoded(bytes);
        if (text != null) {
            return text;
        }
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes) {
            hex.append(String.format("<%02X>", b));
        }
        return hex.toString();
    }

    /// Each token of a text. Where several are one character, the first has it and the others are empty.
    String[] all(int[] ids) {
        String[] texts = new String[ids.length];
        for (int t = 0; t < ids.length; t++) {
            if (texts[t] == null) {
                join(ids, t, texts);
            }
        }
        return texts;
    }

    private void join(int[] ids, int from, String[] texts) {
        texts[from] = one(ids[from]);
        if (tokenizer == null || decoded(bytes(ids[from])) != null) {
            return;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int t = from; t < Math.min(ids.length, from + MOST_PARTS); t++) {
            bytes.writeBytes(bytes(ids[t]));
            String text = decoded(bytes.toByteArray());
            if (text != null) {
                texts[from] = text;
                for (int part = from + 1; part <= t; part++) {
                    texts[part] = "";
                }
                return;
            }
        }
    }

    /// Those of an id that only the model has are its number.
    private byte[] bytes(int id) {
        try {
            return tokenizer.bytes(id);
        } catch (IllegalArgumentException e) {
            return ("#" + id).getBytes(StandardCharsets.UTF_8);
        }
    }

    /// Null if these bytes are no whole characters.
    private static String decoded(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
