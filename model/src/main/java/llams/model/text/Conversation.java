package llams.model.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import llams.engine.generate.Generator;
import llams.engine.generate.Generator.Continuation;
import llams.model.chat.ChatMessage;
import llams.model.chat.ChatTemplate;

/// A conversation in the format of the model's chat template. The keys and values of what was read are kept, so a turn
/// costs only the tokens from the first one that differs: its own, unless the conversation was changed. Not safe for
/// several threads.
public final class Conversation implements AutoCloseable {
    /// The usual limit of an answer, in tokens.
    public static final int MAX_TOKENS = 1024;
    /// The usual options of an answer.
    public static final GenerateOptions OPTIONS = GenerateOptions.standard().withMaxTokens(MAX_TOKENS);

    /// A long message can be interrupted after each part of this many tokens.
    private static final int PART = 512;
    private static final int[] NONE = {};

    /// A conversation and its ids, the answers' as they were generated.
    ///
    /// @param idsOrNull up to the end of the last answer, which the template closes when more follows; null where only
    ///                  the template knows them
    private record Said(List<ChatMessage> messages, int[] idsOrNull) {
        Said {
            messages = List.copyOf(messages);
        }

        List<ChatMessage> with(ChatMessage next) {
            List<ChatMessage> all = new ArrayList<>(messages);
            all.add(next);
            return all;
        }

        /// The system message, if there is one.
        Said opening() {
            int turn = 0;
            while (turn < messages.size() && messages.get(turn).role().equals("system")) {
                turn++;
            }
            return new Said(messages.subList(0, turn), null);
        }

        /// Without the user's oldest message and what answers it.
        Said withoutOldest() {
            List<ChatMessage> kept = new ArrayList<>(opening().messages);
            int next = kept.size() + 1;
            while (next < messages.size() && !messages.get(next).role().equals("user")) {
                next++;
            }
            kept.addAll(messages.subList(next, messages.size()));
            return new Said(kept, null);
        }
    }

    /// How the conversation is written.
    public final ChatTemplate template;
    private final LoadedModel model;
    private final int context;
    private final GenerateOptions options;
    private final Set<Integer> stopIds;
    private final Generator generator;
    private Said now;
    /// As it was before the last turn; null if nobody knows.
    private Said before;
    /// How often the last message was answered again.
    private int retries;
    /// The ids whose keys and values the generator has.
    private int[] cached = NONE;

    Conversation(LoadedModel model, int context, String system, GenerateOptions options) {
        this.template = model.requireText("a conversation needs").chat();
        this.model = model;
        this.context = context;
        this.options = options;
        this.stopIds = new LinkedHashSet<>(model.stopIds);
        stopIds.addAll(template.stopIds());
        this.now = new Said(system == null ? List.of() : List.of(new ChatMessage("system", system)), null);
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
    /// got; if it had not begun, the conversation is unchanged. When the context is full, the listener is told, and the
    /// conversation starts over with this message; [#makeRoom] avoids that. After an exception the conversation is
    /// unchanged.
    ///
    /// @throws MessageTooLongException  if the context cannot hold the message and an answer
    /// @throws IllegalArgumentException if the chat template refuses the conversation
    public Generated answer(String message, TextListener listener) {
        Generated answer = answer(now, new ChatMessage("user", message), options, listener);
        retries = 0;
        return answer;
    }

    /// Generates another answer to the last message of the user. Where answers are sampled with a seed, this one has
    /// another.
    ///
    /// @throws IllegalArgumentException if there is no such message, or as [#answer]
    public Generated retry(TextListener listener) {
        int last = now.messages.size() - 1;
        while (last >= 0 && !now.messages.get(last).role().equals("user")) {
            last--;
        }
        if (last < 0) {
            throw new IllegalArgumentException("there is no message to answer yet");
        }
        Said earlier = before != null ? before : new Said(now.messages.subList(0, last), null);
        Sampling sampling = options.sampling();
        retries++;
        return answer(earlier, now.messages.get(last),
                sampling.seed() == null ? options : options.withSampling(sampling.withSeed(sampling.seed() + retries)),
                listener);
    }

    private Generated answer(Said earlier, ChatMessage next, GenerateOptions how, TextListener listener) {
        Said start = earlier;
        int[] ids = prompt(start, next);
        if (ids.length >= context) {
            start = earlier.opening();
            ids = fitting(start, next);
            listener.startsAnew();
        }
        Generated answer = generate(ids, how, listener);
        boolean hasBegun = !answer.text().isEmpty() || answer.tokens().end() != Generator.End.CALLER;
        if (hasBegun) {
            before = start;
            List<ChatMessage> messages = new ArrayList<>(start.with(next));
            messages.add(new ChatMessage("assistant", answer.text()));
            now = new Said(messages, concat(ids, answer.tokens().ids()));
        }
        return answer;
    }

    /// The ids of a conversation with its next message, up to the open header of the answer.
    private int[] prompt(Said earlier, ChatMessage next) {
        // Null also where the template now writes the earlier messages differently.
        int[] following = earlier.idsOrNull == null ? null : template.following(earlier.messages, next);
        return following == null
                ? template.prompt(earlier.with(next), List.of())
                : concat(earlier.idsOrNull, following);
    }

    /// @throws MessageTooLongException if there is no room for an answer
    private int[] fitting(Said opening, ChatMessage next) {
        int[] ids = prompt(opening, next);
        if (ids.length >= context) {
            throw new MessageTooLongException(ids.length, context, !opening.messages.isEmpty());
        }
        return ids;
    }

    private Generated generate(int[] ids, GenerateOptions how, TextListener listener) {
        int kept = Math.min(common(cached, ids), ids.length - 1);
        generator.rewind(kept);
        cached = NONE;
        long start = System.nanoTime();
        for (int at = kept; at + PART < ids.length; at += PART) {
            generator.append(Arrays.copyOfRange(ids, at, at + PART));
            if (!listener.accept("")) {
                cached = Arrays.copyOf(ids, generator.position());
                return new Generated("", new Continuation(NONE, Generator.End.CALLER, generator.position() - kept,
                        System.nanoTime() - start, 0));
            }
        }
        int[] rest = Arrays.copyOfRange(ids, generator.position(), ids.length);
        long read = System.nanoTime() - start;
        Generated answer = Generated.of(model, generator, rest, how, stopIds, listener);
        Continuation made = answer.tokens();
        // The last token of an answer that was cut off has not been read.
        cached = Arrays.copyOf(concat(ids, made.ids()), generator.position());
        return new Generated(answer.text(), new Continuation(made.ids(), made.end(), ids.length - kept,
                read + made.prefillNanos(), made.decodeNanos()));
    }

    /// Forgets the oldest turns, never the system message, if a message and a usual answer do not fit beside them: until
    /// half the context is free, so that this seldom happens.
    ///
    /// @return how many turns
    /// @throws MessageTooLongException  if the context cannot hold the message and an answer; nothing is forgotten
    /// @throws IllegalArgumentException if the chat template refuses the conversation
    public int makeRoom(String message) {
        ChatMessage next = new ChatMessage("user", message);
        int room = Math.min(options.maxTokens(), context / 4);
        if (prompt(now, next).length + room <= context) {
            return 0;
        }
        fitting(now.opening(), next);
        Said kept = now;
        int turns = 0;
        while (kept.messages.size() > now.opening().messages.size() && prompt(kept, next).length > context / 2) {
            kept = kept.withoutOldest();
            turns++;
        }
        if (turns > 0) {
            now = kept;
            before = null;
        }
        return turns;
    }

    /// Makes this another conversation: shorter, with another system message, or a stored one. What it begins with as
    /// the present one does need not be read again.
    ///
    /// @throws IllegalArgumentException if the chat template refuses it
    public void replace(List<ChatMessage> messages) {
        Said other = new Said(messages, null);
        tokens(other);
        now = other;
        before = null;
        retries = 0;
    }

    /// The conversation so far, as much of it as the context holds.
    public List<ChatMessage> messages() {
        return now.messages;
    }

    /// The tokens of the conversation so far; 0 before its first turn.
    public int tokens() {
        return tokens(now);
    }

    private int tokens(Said said) {
        if (said.idsOrNull != null) {
            return said.idsOrNull.length;
        }
        boolean hasTurns = said.messages.size() > said.opening().messages.size();
        return hasTurns ? template.prompt(said.messages, List.of()).length : 0;
    }

    /// How many ids two sequences begin with alike.
    private static int common(int[] a, int[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }

    @Override
    public void close() {
        generator.close();
    }
}
