package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// The names of Llama 3's special tokens.
final class SpecialTokens {

    static final String BEGIN_OF_TEXT = "<|begin_of_text|>";
    static final String END_OF_TEXT = "<|end_of_text|>";
    static final String START_HEADER = "<|start_header_id|>";
    static final String END_HEADER = "<|end_header_id|>";
    static final String END_OF_TURN = "<|eot_id|>";

    /// Tokens that Llama 3 places after its 128,000 ordinary ones.
    static final int LLAMA3_COUNT = 256;

    private SpecialTokens() {}

    /// The 256 names in the order of their ids: five with a meaning at their fixed places, numbered reserves in all
    /// others.
    static List<String> llama3() {
        List<String> names = new ArrayList<>(LLAMA3_COUNT);
        int reserved = 0;
        for (int i = 0; i < LLAMA3_COUNT; i++) {
            names.add(switch (i) {
                case 0 -> BEGIN_OF_TEXT;
                case 1 -> END_OF_TEXT;
                case 6 -> START_HEADER;
                case 7 -> END_HEADER;
                case 9 -> END_OF_TURN;
                // No '+': Java's joining of strings takes long to start.
                default -> "<|reserved_special_token_".concat(Integer.toString(reserved++)).concat("|>");
            });
        }
        return names;
    }
}
