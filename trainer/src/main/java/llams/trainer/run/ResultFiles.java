package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ModelText;
import llams.model.files.ChatFiles;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;

/// What a result gets beside the trained weights. It is read when the run begins, as the model's directory may change
/// while the run goes on.
final class ResultFiles {
    /// Ids that end an answer.
    final List<Integer> stops;
    /// Null if the model has none.
    private final Path tokenizer;
    private HeldFiles beside = HeldFiles.NONE;
    /// Null if there are none in the data.
    private ModelText conversations;

    private ResultFiles(Path tokenizer, List<Integer> stops) {
        this.tokenizer = tokenizer;
        this.stops = stops;
    }

    static ResultFiles of(LlamaWeights base) throws IOException {
        return new ResultFiles(ModelFiles.hasTokenizer(base.directory) ? base.directory : null,
                ConfigJson.stopIds(base.config, base.directory));
    }

    /// Those of a new model.
    ///
    /// @param tokenizer a file or a directory; may be null
    static ResultFiles of(LlamaConfig config, Path tokenizer) {
        return new ResultFiles(tokenizer, config.metadata().eos());
    }

    /// The template that the data's conversations were written with, and the ids that end an answer; an adapter also
    /// gets the tokenizer.
    void add(ModelText text, boolean isAdapter) throws IOException {
        conversations = text;
        if (isAdapter && tokenizer != null) {
            beside = HeldFiles.ofModelsTokenizer(tokenizer);
        }
    }

    /// The tokenizer of a base that came without one, if the result is a whole model.
    ///
    /// @param named may be null
    void add(Path named, boolean isAdapter) throws IOException {
        if (!isAdapter && tokenizer == null) {
            beside = HeldFiles.ofTokenizer(named);
        }
    }

    boolean areOfConversations() {
        return conversations != null;
    }

    void write(Path directory) throws IOException {
        beside.write(directory);
        if (conversations != null) {
            ChatFiles.write(conversations.chat(), conversations.frame().first(), stops, directory);
        }
    }
}
