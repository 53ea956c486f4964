package llams.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/// Conversations in the format that Llama 3's instruct models were trained with:
///
/// ```
/// <|begin_of_text|><|start_header_id|>ROLE<|end_header_id|>\n\nCONTENT<|eot_id|>...
/// ```
///
/// Role and content are plain text whatever they contain: nobody can forge a turn by writing its tokens. Content is
/// stripped at both ends of what Python's `str.strip` removes.
public final class ChatFormat {

    private final Tokenizer tokenizer;
    private final int beginOfText;
    private final int startHeader;
    private final int endHeader;
    private final int endOfTurn;
    private final int[] afterHeader;

    /// @throws IllegalArgumentException if the vocabulary lacks the special tokens of the format; the message names
    ///     them
    public ChatFormat(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        List<String> missing = new ArrayList<>();
        beginOfText = required(SpecialTokens.BEGIN_OF_TEXT, missing);
        startHeader = required(SpecialTokens.START_HEADER, missing);
        endHeader = required(SpecialTokens.END_HEADER, missing);
        endOfTurn = required(SpecialTokens.END_OF_TURN, missing);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException("the chat format needs the special tokens " + String.join(", ", missing)
                    + ", which this vocabulary of " + tokenizer.size() + " ids lacks; use a Llama-3 tokenizer, or"
                    + " one trained with them");
        }
        afterHeader = tokenizer.encodeOrdinary("\n\n");
    }

    private int required(String name, List<String> missing) {
        OptionalInt id = tokenizer.special(name);
        if (id.isEmpty()) {
            missing.add(name);
        }
        return id.orElse(-1);
    }

    /// The ids of a whole conversation, and with `addGenerationPrompt` the open header of the assistant's next message.
    public int[] encode(List<Message> messages, boolean addGenerationPrompt) {
        List<int[]> parts = new ArrayList<>();
        parts.add(new int[] {beginOfText});
        for (Message message : messages) {
            parts.add(message(message));
        }
        if (addGenerationPrompt) {
            parts.add(header("assistant"));
        }
        return join(parts);
    }

    /// The ids before a message's content.
    public int[] header(String role) {
        return join(
                List.of(new int[] {startHeader}, tokenizer.encodeOrdinary(role), new int[] {endHeader}, afterHeader));
    }

    /// The ids of one message: header, content, end of turn.
    public int[] message(Message message) {
        return join(List.of(header(message.role()), tokenizer.encodeOrdinary(strip(message.content())),
                new int[] {endOfTurn}));
    }

    private static int[] join(List<int[]> parts) {
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    /// `text` as Python's `str.strip()` leaves it.
    static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isPythonSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && isPythonSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    /// Python's `str.isspace` for one character: Unicode's `White_Space` and the four separators U+001C to U+001F.
    static boolean isPythonSpace(char c) {
        return c >= 0x1C && c <= 0x1F || (CharClass.BASIC[c] & CharClass.SPACE) != 0;
    }
}
