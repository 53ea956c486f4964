package llams.model.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import llams.engine.generate.Generator;
import llams.engine.generate.Taps;
import llams.engine.plan.Program;
import llams.model.chat.ModelText;
import llams.model.files.DataException;

/// Continues text with a model:
///
/// ```java
/// try (TextGenerator model = TextGenerator.open(Path.of("model"))) {
///     model.generate("The capital of Korea is", System.out::print);
/// }
/// ```
///
/// Not safe for several threads.
public final class TextGenerator implements AutoCloseable {
    public final LoadedModel model;
    /// The most tokens of a prompt with its continuation, or of a conversation.
    public final int context;
    /// Null until the first text.
    private Generator generator;
    private int capacity;

    /// @param model   is closed with this
    /// @param context as in [OpenOptions]
    public TextGenerator(LoadedModel model, int context) {
        this.model = model;
        this.context = Math.min(context, model.weights.config.maxPositions());
    }

    /// Opens a model directory: `config.json`, weights in safetensors files, a tokenizer.
    ///
    /// @throws IOException              if a file is missing or damaged; says which
    /// @throws IllegalArgumentException if the adapter does not fit the model
    public static TextGenerator open(Path directory, OpenOptions options) throws IOException {
        return new TextGenerator(LoadedModel.open(directory, options), options.context());
    }

    /// Opens a model directory with [OpenOptions#standard].
    ///
    /// @throws IOException as [#open(Path, OpenOptions)]
    public static TextGenerator open(Path directory) throws IOException {
        return open(directory, OpenOptions.standard());
    }

    /// Continues a text.
    ///
    /// @throws IllegalArgumentException as [#generate(String, GenerateOptions, TextListener)]
    public String generate(String prompt) {
        return generate(prompt, _ -> {});
    }

    /// Continues a text, and hands out each piece of it as soon as it is certain.
    ///
    /// @throws IllegalArgumentException as [#generate(String, GenerateOptions, TextListener)]
    public String generate(String prompt, Consumer<String> out) {
        return generate(prompt, GenerateOptions.standard(), TextListener.of(out)).text();
    }

    /// Continues a text. The model's begin-of-text token is put before the prompt; names of special tokens in the
    /// prompt are plain text.
    ///
    /// @throws IllegalArgumentException if the model has no tokenizer, or as
    ///                                  [#generate(int[], GenerateOptions, TextListener)]
    public Generated generate(String prompt, GenerateOptions options, TextListener listener) {
        return generate(ids(prompt), options, listener);
    }

    /// A prompt's ids, begun by the model's begin-of-text token.
    ///
    /// @throws DataException if the model has no tokenizer
    public int[] ids(String prompt) {
        ModelText text = model.requireText("text needs");
        return text.frame().around(text.tokenizer().encodeOrdinary(prompt), true, false);
    }

    /// Continues a text given as ids, to which nothing is added.
    ///
    /// @throws IllegalArgumentException if there are none, one is not in the vocabulary, or they exceed the context
    public Generated generate(int[] prompt, GenerateOptions options, TextListener listener) {
        checkLength(prompt);
        int needed = capacity(prompt.length, options.maxTokens());
        if (generator == null || needed > capacity) {
            closeGenerator();
            // So that growing prompts do not each make a new one.
            capacity = Math.min(context, Math.max(needed, 2 * capacity));
            generator = new Generator(model.device, model.model, model.resident, capacity);
        }
        generator.reset();
        return Generated.of(model, generator, prompt, options, Set.copyOf(model.stopIds), listener);
    }

    /// @throws DataException if a prompt does not fit into the context
    public void checkLength(int[] prompt) {
        if (prompt.length > context) {
            int allowed = model.weights.config.maxPositions();
            throw new DataException("the prompt has " + prompt.length + " tokens, more than "
                    + (context < allowed
                            ? "the context of " + context
                            : "the model allows: " + allowed + " (max_position_embeddings)")
                    + "; shorten it");
        }
    }

    private int capacity(int promptTokens, int maxTokens) {
        return (int) Math.min(context, (long) promptTokens + maxTokens);
    }

    /// The bytes that the first text needs in addition to the weights; allocates nothing.
    public Program.Memory memory(int promptTokens, int maxTokens) {
        return Generator.memory(model.model, capacity(promptTokens, maxTokens), promptTokens);
    }

    /// Writes what the model computes for a prompt into a safetensors file; see [Taps].
    ///
    /// @return the tensors' names, in the order in which they are computed
    /// @throws IOException              if the file cannot be written
    /// @throws IllegalArgumentException as [#generate(int[], GenerateOptions, TextListener)]
    public List<String> tap(int[] prompt, Path file) throws IOException {
        checkLength(prompt);
        Generator.check(prompt, model.weights.config.vocab());
        return Taps.write(model.device, model.model, model.resident, prompt, file);
    }

    /// Begins a conversation, which must be closed before this.
    ///
    /// @param system the system message; null for none
    /// @throws IllegalArgumentException if the model has no tokenizer, or one without the tokens of its chat format
    public Conversation converse(String system, GenerateOptions options) {
        return new Conversation(model, context, system, options);
    }

    /// Begins a conversation with [Conversation#OPTIONS].
    ///
    /// @throws IllegalArgumentException as [#converse(String, GenerateOptions)]
    public Conversation converse(String system) {
        return converse(system, Conversation.OPTIONS);
    }

    private void closeGenerator() {
        if (generator != null) {
            generator.close();
            generator = null;
        }
    }

    @Override
    public void close() throws IOException {
        closeGenerator();
        model.close();
    }
}
