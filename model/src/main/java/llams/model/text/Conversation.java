package llams.model.text;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import llams.engine.generate.Generator;
import llams.model.chat.ChatMessage;
import llams.model.chat.ChatTemplate;

/// A conversation in the format of the model's chat template. The keys and values of earlier turns are kept, so a turn
/// costs only its own tokens. Not safe for several threads.
public final class Conversation implements AutoCloseable {
    /// The usual limit of an answer, in tokens.
    public static final int MAX_TOKENS = 1024;
    /// The usual options of an answer.
    public static final GenerateOptions OPTIONS = GenerateOptions.standard().withMaxTokens(MAX_TOKENS);

    /// How the conversation is written.
    public final ChatTemplate template;
    private final LoadedModel model;
    private final int context;
    private final GenerateOptions options;
    private final Set<Integer> stopIds;
    private final Generator generator;
    private final List<ChatMessage> opening;
    private List<ChatMessage> said;
    /// What must be read before the next turn: the last token of an answer that was cut off.
    private int[] open = {};

    Conversation(LoadedModel model, int context, String system, GenerateOptions options) {
        this.template = model.requireText("a conversation needs").chat();
        this.model = model;
        this.context = context;
        this.options = options;
        this.stopIds = new LinkedHashSet<>(model.stopIds);
        stopIds.addAll(template.stopIds());
        this.opening = system == null ? List.of() : List.of(new ChatMessage("system", system));
        this.said = opening;
        this.generator = new Generator(model.device, model.model, model.resident, context);
    }

    /// Says something and returns the answer.
    ///
    /// @throws MessageTooLongException as [#answer]
    public String say(String message) {
        return say(message, _ -> {});
    }

    /// Says something, hands out the answer piece by piece and returns it.
    ///
    /// @throws MessageTooLongException as [#answer]
    public String say(String message, Consumer<String> out) {
        return answer(message, TextListener.of(out)).text();
    }

    /// Says something and generates the answer. An answer that the listener ends stays in the conversation as far as it
    /// got. When the context is full, the listener is told, and the conversation starts over with this message. After
    /// an exception the conversation is unchanged.
    ///
    /// @throws MessageTooLongException  if the context cannot hold the message and an answer
    /// @throws IllegalArgumentException if the chat template refuses the conversation
    public Generated answer(String message, TextListener listener) {
        ChatMessage next = new ChatMessage("user", message);
        List<ChatMessage> alone = with(opening, next);
        int[] anew = template.prompt(alone, List.of());
        if (anew.length >= context) {
            throw new MessageTooLongException(anew.length, context, !opening.isEmpty());
        }
        int[] following = generator.position() == 0 ? null : template.following(said, next);
        List<ChatMessage> asked = with(said, next);
        int[] ids = following == null ? template.prompt(asked, List.of()) : concat(open, following);
        if (following == null) {
            // This is the first message, or the template now writes the earlier ones differently.
            generator.reset();
        }
        if (generator.position() + ids.length >= context) {
            listener.startsAnew();
            generator.reset();
            asked = alone;
            ids = anew;
        }
        Generated answer = null;
        try {
            answer = Generated.of(model, generator, ids, options, stopIds, listener);
        } finally {
            if (answer == null) {
                generator.reset();
            }
        }
        // The last token of an answer that was cut off has not been read yet.
        int[] last = answer.tokens().ids();
        open = answer.tokens().end() == Generator.End.STOP_ID ? new int[0] : new int[] {last[last.length - 1]};
        said = with(asked, new ChatMessage("assistant", answer.text()));
        return answer;
    }

    /// The conversation so far, as much of it as the context holds.
    public List<ChatMessage> messages() {
        return said;
    }

    private static List<ChatMessage> with(List<ChatMessage> messages, ChatMessage next) {
        List<ChatMessage> all = new ArrayList<>(messages);
        all.add(next);
        return List.copyOf(all);
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }

    @Override
    public void close() {
        generator.close();
    }
}
