package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.engine.generate.Generator;
import llams.engine.llama.LlamaConfig;
import llams.model.chat.ChatMessage;
import llams.model.text.Conversation;
import llams.model.text.GenerateOptions;
import llams.model.text.Generated;
import llams.model.text.LoadedModel;
import llams.model.text.TextListener;
import llams.trainer.watch.Machine;

/// A conversation at a terminal: what becomes of each message and command. A failure is one line, and the conversation
/// is as it was.
final class ChatSession {
    /// Makes an answer; the listener gets its pieces.
    @FunctionalInterface
    private interface Answering {
        Generated generate(TextListener listener);
    }

    private final Console console;
    private final Conversation conversation;
    private final int context;
    private final GenerateOptions options;
    private final AnswerInterruption interruption;
    /// Null before the first answer.
    private Generator.Continuation last;

    ChatSession(Console console, Conversation conversation, int context, GenerateOptions options,
            AnswerInterruption interruption) {
        this.console = console;
        this.conversation = conversation;
        this.context = context;
        this.options = options;
        this.interruption = interruption;
    }

    /// Says with whom one talks.
    void begin(Path place, LoadedModel model) {
        LlamaConfig shape = model.weights.config;
        say("model    " + place.getFileName());
        say(String.format(Locale.ROOT, "         %s parameters, %s", count(shape.parameters()), type(model)));
        say(String.format(Locale.ROOT, "context  %,d tokens", context));
        int threads = model.device.options().threads();
        say("device   " + model.device.name() + ", " + threads + (threads == 1 ? " thread" : " threads"));
        if (!conversation.template.isModels()) {
            say("");
            say("This model has no chat template, so it");
            say("is probably a base model: it continues");
            say("text and was not taught to answer.");
            say("Take its -Instruct or -chat version,");
            say("tune it on conversations (llams train),");
            say("or let it continue text (llams");
            say("generate). Here messages are written in");
            say("Llama 3's format.");
        }
        say("");
        say("/help lists commands, Ctrl-D leaves.");
    }

    /// The type in which most of the weights are.
    private static String type(LoadedModel model) {
        Map<String, Long> elements = new TreeMap<>();
        model.resident.values()
                .forEach(tensor -> elements.merge(tensor.dtype().name(), tensor.shape().elements(), Long::sum));
        return Collections.max(elements.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    /// As people say it: 8.0 billion.
    private static String count(long parameters) {
        return parameters >= 999_500_000
                ? String.format(Locale.ROOT, "%.1f billion", parameters / 1e9)
                : String.format(Locale.ROOT, parameters >= 9_950_000 ? "%.0f million" : "%.1f million",
                        parameters / 1e6);
    }

    void saysHowToLeave() {
        aside("Ctrl-D or /exit leaves");
    }

    /// Does what was entered; false to leave.
    boolean take(ChatInput input) {
        try {
            switch (input) {
                case ChatInput.Nothing _ -> {}
                case ChatInput.Message message -> message(message.text());
                case ChatInput.Help _ -> help();
                case ChatInput.ShowSystem _ -> showSystem();
                case ChatInput.SetSystem system -> set(system.textOrNull());
                case ChatInput.Reset _ -> reset();
                case ChatInput.Retry _ -> retry();
                case ChatInput.Save save -> save(save);
                case ChatInput.Load load -> load(load);
                case ChatInput.Stats _ -> stats();
                case ChatInput.Wrong wrong -> say(wrong.reason());
                case ChatInput.Exit _ -> {
                    return false;
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            say(Errors.line(e));
        }
        return true;
    }

    private void say(String line) {
        console.out.println(line);
        console.out.flush();
    }

    /// What the program says beside the conversation.
    private void aside(String format, Object... values) {
        say("(" + String.format(Locale.ROOT, format, values) + ")");
    }

    private void message(String text) {
        int turns = conversation.makeRoom(text);
        if (turns > 0) {
            aside("the context of %d tokens is full; the oldest %s forgotten", context,
                    turns == 1 ? "turn is" : turns + " turns are");
        }
        answer(listener -> conversation.answer(text, listener));
    }

    private void retry() {
        answer(conversation::retry);
        if (options.sampling().temperature() == 0) {
            aside("at temperature 0 an answer stays the same; --temp 0.8 varies it");
        }
    }

    private void answer(Answering answering) {
        interruption.answerBegins();
        try {
            Generated answer = answering.generate(piece -> {
                console.out.print(piece);
                console.out.flush();
                return interruption.isWanted();
            });
            last = answer.tokens();
            say("");
            ended(answer);
        } finally {
            interruption.answerEnds();
        }
    }

    private void ended(Generated answer) {
        switch (answer.tokens().end()) {
            case STOP_ID -> {}
            case CALLER -> aside(answer.text().isEmpty() ? "stopped before the answer" : "stopped");
            case LENGTH -> aside("cut off at %d tokens; -n allows more", options.maxTokens());
            case CAPACITY -> aside("cut off where the context of %d tokens is full", context);
        }
    }

    private void help() {
        for (ChatVerb verb : ChatVerb.values()) {
            say(String.format("%-14s %s", (verb.word() + " " + verb.parameter).strip(), verb.help));
        }
        say("");
        say("Alt-Enter, or \\ at the end of a line,");
        say("begins another line of a message; so do");
        say("the lines of pasted text. // at its");
        say("beginning sends a message that begins");
        say("with a slash. Ctrl-C stops an answer.");
    }

    private void showSystem() {
        system().forEach(message -> say(message.content()));
        if (system().isEmpty()) {
            aside("no system message");
        }
    }

    private List<ChatMessage> system() {
        return conversation.messages().stream().takeWhile(message -> message.role().equals("system")).toList();
    }

    private List<ChatMessage> turns() {
        return conversation.messages().stream().dropWhile(message -> message.role().equals("system")).toList();
    }

    private void set(String textOrNull) {
        Stream<ChatMessage> system = Stream.ofNullable(textOrNull).map(text -> new ChatMessage("system", text));
        conversation.replace(Stream.concat(system, turns().stream()).toList());
        aside(textOrNull == null ? "no system message" : "system message set");
    }

    private void reset() {
        conversation.replace(system());
        aside(system().isEmpty() ? "new conversation" : "new conversation with the same system message");
    }

    private void save(ChatInput.Save save) throws IOException {
        ChatFile.save(save.file(), conversation.messages(), save.overwrites());
        aside("%d messages written to %s", conversation.messages().size(), save.file());
    }

    private void load(ChatInput.Load load) throws IOException {
        List<List<ChatMessage>> conversations = ChatFile.load(load.file());
        List<ChatMessage> messages = conversations.getFirst();
        conversation.replace(messages);
        last = null;
        aside("%d messages, %d tokens%s", messages.size(), conversation.tokens(),
                conversations.size() == 1 ? "" : ": the first of " + conversations.size() + " conversations");
        if (messages.getLast().role().equals("user")) {
            aside("the last message has no answer yet; /retry makes one");
        }
    }

    private void stats() {
        say(String.format(Locale.ROOT, "context  %,d of %,d tokens", conversation.tokens(), context));
        if (last != null) {
            say(speed("prompt", last.promptTokens(), last.prefillTokensPerSecond()));
            if (last.ids().length > 1) {
                say(speed("answer", last.ids().length, last.decodeTokensPerSecond()));
            }
        }
        if (Machine.residentBytes() > 0) {
            say("memory   " + MachineMemory.text((long) Machine.anonymousBytes()) + ", and "
                    + MachineMemory.text((long) Machine.mappedBytes()) + " of mapped files");
        }
    }

    private static String speed(String what, int tokens, double perSecond) {
        return String.format(Locale.ROOT, "%-8s %,d tokens, %.1f/s", what, tokens, perSecond);
    }
}
