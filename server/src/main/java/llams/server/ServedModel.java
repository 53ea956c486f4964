package llams.server;

import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.Set;
import llams.engine.weights.SamplingDefaults;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;

/// A model, or an adapter on it, under the name by which clients ask for it.
///
/// @param number   its number in the batch
/// @param stopIds  what ends a continuation
/// @param sampling the settings of its makers
record ServedModel(String name, int number, ModelText text, Set<Integer> stopIds, SamplingDefaults sampling) {
    /// What ends an answer in a conversation.
    Set<Integer> answerStopIds() {
        Set<Integer> ids = new LinkedHashSet<>(stopIds);
        ids.addAll(chat().stopIds());
        return ids;
    }

    /// How it writes conversations: `model` for a chat template of its own; `llama3` if it has none, as base models, and
    /// Llama 3's format stands in; null if it cannot hold conversations.
    String chatFormat() {
        try {
            return chat().isModels() ? "model" : "llama3";
        } catch (ApiException | UncheckedIOException e) {
            return null;
        }
    }

    /// @throws ApiException if it has no chat format
    ChatTemplate chat() {
        try {
            synchronized (text) {
                return text.chat();
            }
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("model", "model \"" + name + "\" cannot hold conversations: " + e.getMessage());
        }
    }
}
