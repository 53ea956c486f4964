package llams.trainer.task;

import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;

/// A question as a model gets it.
///
/// @param description before everything; may be empty
/// @param shots       examples with their answers
/// @param question    up to where the answer begins
/// @param separator   between a question and its answer
/// @param between     after each example
record Prompt(String description, List<Shot> shots, String question, String separator, String between) {
    /// An example.
    record Shot(String question, String answer) {}

    /// As a text to be continued.
    String text() {
        StringBuilder text = new StringBuilder(description);
        shots.forEach(shot -> text.append(shot.question).append(separator).append(shot.answer).append(between));
        return text.append(question).toString();
    }

    /// As a conversation in which the examples have been asked and answered.
    List<ChatMessage> messages() {
        List<ChatMessage> messages = new ArrayList<>();
        if (!description.isEmpty()) {
            messages.add(new ChatMessage("system", description));
        }
        shots.forEach(shot -> {
            messages.add(new ChatMessage("user", shot.question));
            messages.add(new ChatMessage("assistant", shot.answer));
        });
        messages.add(new ChatMessage("user", question));
        return messages;
    }
}
