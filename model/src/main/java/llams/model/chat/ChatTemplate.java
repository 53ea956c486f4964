package llams.model.chat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import llams.model.files.GgufText;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;

/// How a model writes conversations as ids. Roles and contents are plain text whatever they contain: nobody can forge a
/// turn by writing its tokens.
public sealed interface ChatTemplate permits Llama3Template, RenderedTemplate {
    /// The date that templates write into training data: a run's data must not change when it is resumed. Llama 3.1's
    /// template falls back on the same date.
    Clock TRAINING = Clock.fixed(Instant.parse("2024-07-26T00:00:00Z"), ZoneOffset.UTC);

    /// A conversation as training sees it.
    ///
    /// @param counted which ids the loss counts
    record Encoded(int[] ids, boolean[] counted) {}

    /// The template of a model directory: its `chat_template.jinja`, else what its `tokenizer_config.json` says, else
    /// its `chat_template.json`, as Hugging Face's libraries look it up; without any, Llama 3's own format.
    ///
    /// @param clock the date for a template that writes it
    /// @throws IOException if there is a template that this program cannot render; says where and why
    static ChatTemplate of(Path directory, Tokenizer tokenizer, Clock clock) throws IOException {
        TemplateFile file = TemplateFile.find(directory);
        return file == null || Llama3Template.isText(file.template())
                ? new Llama3Template(tokenizer, file != null)
                : RenderedTemplate.of(file, RenderedTemplate.namedTokens(directory), tokenizer, clock);
    }

    /// The template of a GGUF file, likewise.
    ///
    /// @throws IOException as above
    static ChatTemplate of(Path file, GgufText text, Clock clock) throws IOException {
        return text.template() == null || Llama3Template.isText(text.template())
                ? new Llama3Template(text.tokenizer(), text.template() != null)
                : RenderedTemplate.of(new TemplateFile(file, text.template(), null), text.namedTokens(),
                        text.tokenizer(), clock);
    }

    /// The template of a model directory as it stands there, whether this program can render it or not.
    static Optional<String> textIn(Path directory) throws IOException {
        return Optional.ofNullable(TemplateFile.find(directory)).map(TemplateFile::template);
    }

    /// The ids of a whole conversation, and which of them are an assistant's answer or what ends it; [TrainOn] knows
    /// other rules.
    ///
    /// @param parsed  whether special tokens' names in contents are those tokens
    /// @param headers whether the headers of the answers count, too
    /// @throws IllegalArgumentException if the template has no place for one of its parts, or refuses it
    Encoded encode(List<ChatMessage> messages, List<JsonNode> tools, boolean parsed, boolean headers);

    /// The ids of a whole conversation, in which special tokens' names are text.
    ///
    /// @throws IllegalArgumentException as above
    default Encoded encode(List<ChatMessage> messages, List<JsonNode> tools) {
        return encode(messages, tools, false, false);
    }

    /// The ids of the conversation so far, and the open header of the assistant's next message.
    ///
    /// @throws IllegalArgumentException as [#encode]
    int[] prompt(List<ChatMessage> messages, List<JsonNode> tools);

    /// The ids that follow an answer's own, up to the open header of the next answer, so that earlier turns need not be
    /// read again; null if the template now writes those differently.
    ///
    /// @param messages the last of which is the answer
    /// @throws IllegalArgumentException as [#encode]
    int[] following(List<ChatMessage> messages, ChatMessage next);

    /// What ends an answer.
    Set<Integer> stopIds();

    /// The template's text, for programs that look it up.
    String text();

    /// Whether this is the model's own; false if it has none and Llama 3's format stands in.
    boolean isModels();
}
