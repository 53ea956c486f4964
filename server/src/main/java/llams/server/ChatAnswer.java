package llams.server;

import llams.engine.generate.Generator;

/// An answer to a conversation.
///
/// @param model        the name of the model that gave it
/// @param text         without the stop text; that of the call, if it is one
/// @param callOrNull   the function that it calls, if it does
/// @param end          why it ended; [Generator.End#CALLER]: at a stop text, or because nothing may follow in its schema
/// @param promptTokens tokens of the conversation
/// @param foundTokens  how many of these were in the cache
/// @param tokens       tokens of the answer
public record ChatAnswer(String model, String text, Tools.Call callOrNull, Generator.End end, int promptTokens,
        int foundTokens, int tokens) {
    static ChatAnswer of(Answer answer, Tools tools) {
        return new ChatAnswer(answer.task.model().name(), answer.text.toString(), tools.call(answer.text), answer.end,
                answer.task.prompt().length, answer.found, answer.tokens);
    }

    /// Whether it ends in the middle, because it reached its most tokens or the end of the context.
    public boolean isCut() {
        return switch (end) {
            case STOP_ID, CALLER -> false;
            case LENGTH, CAPACITY -> true;
        };
    }
}
