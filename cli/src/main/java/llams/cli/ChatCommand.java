package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import llams.model.files.DataException;
import llams.model.text.Conversation;
import llams.model.text.GenerateOptions;
import llams.model.text.MessageTooLongException;
import llams.model.text.TextGenerator;
import llams.model.text.TextListener;
import llams.trainer.data.Lines;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams chat`: a conversation.
@Command(
        name = "chat",
        description = {"Talk with an instruct model.",
                "At a terminal, lines are edited, and /help lists commands: to save, to try again and others. Elsewhere"
                        + " each line of standard input is a message, and the answer goes to standard output. The"
                        + " model remembers earlier turns, so each turn costs only its own tokens."},
        footer = {"", "Examples:", "  llams chat -m model --system 'Answer in Korean.'",
                "  llams chat -m model --adapter tuned --temp 0 < questions.txt"})
final class ChatCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before the conversation.")
    String system;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "" + Conversation.MAX_TOKENS,
            description = "The most tokens in an answer (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "8192",
            description = "How many tokens of the conversation the model remembers (default: ${DEFAULT-VALUE}, or what it"
                    + " allows).")
    int context;

    @Option(
            names = "--no-history",
            description = "At a terminal, keep nothing of what is entered. Otherwise it stands, for its owner alone, in"
                    + " ~/.local/state/llams/chat-history, or in the file that " + ChatHistory.VARIABLE + " names.")
    boolean noHistory;

    @Mixin
    SamplingOptions sampling;

    @Mixin
    ComputeOptions compute;

    /// Messages that got no answer.
    private int refused;

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1 || context < 1) {
            throw new ParameterException(spec.commandLine(), "-n and --context must be at least 1");
        }
        sampling.check();
        try (TextGenerator generator = new TextGenerator(model.open(compute.open()), context)) {
            GenerateOptions options = new GenerateOptions(maxTokens, List.of(),
                    sampling.settled(generator.model.sampling, console.err));
            generator.model.requireText("a conversation needs");
            MachineMemory.check(generator.memory(generator.context, maxTokens),
                    generator.model.weights.allocatedBytes(), "a smaller --context");
            try (Conversation conversation = generator.converse(system, options)) {
                if (Terminal.isInput() && Terminal.isOutput()) {
                    edit(conversation, generator, options);
                } else {
                    try (AnswerInterruption interruption = new AnswerInterruption(console.err)) {
                        talk(conversation, generator.context, interruption);
                    }
                }
            }
        }
        // At a terminal, whoever was refused has seen it.
        return refused == 0 || Terminal.isInput() ? Console.DONE : Console.FAILED;
    }

    private void edit(Conversation conversation, TextGenerator generator, GenerateOptions options) throws IOException {
        try (org.jline.terminal.Terminal terminal = ChatTerminal.open();
                AnswerInterruption interruption = new AnswerInterruption(terminal)) {
            ChatTerminal lines = new ChatTerminal(terminal, history());
            ChatSession session = new ChatSession(console, conversation, generator.context, options, interruption);
            session.begin(model.directory, generator.model);
            Optional<String> entered = lines.next(session::saysHowToLeave);
            while (entered.isPresent() && session.take(ChatInput.of(entered.get()))) {
                entered = lines.next(session::saysHowToLeave);
            }
        }
    }

    /// Null to keep none.
    private Path history() {
        Optional<Path> file = noHistory
                ? Optional.empty()
                : ChatHistory.file(System.getenv(), Path.of(System.getProperty("user.home")));
        try {
            if (file.isPresent()) {
                ChatHistory.prepare(file.get());
            }
            return file.orElse(null);
        } catch (IOException e) {
            console.note("what is entered is not kept: " + Errors.line(e));
            return null;
        }
    }

    private void talk(Conversation conversation, int capacity, AnswerInterruption interruption) throws IOException {
        if (!conversation.template.isModels()) {
            console.note(model.directory + " has no chat template; the conversation is written in Llama 3's format");
        }
        TextListener listener = new TextListener() {
            @Override
            public boolean accept(String piece) {
                console.text.print(piece);
                console.text.flush();
                return interruption.isWanted();
            }

            @Override
            public void startsAnew() {
                console.err.println("(the conversation fills the context of " + capacity + " tokens; it starts anew)");
            }
        };
        Lines lines = new Lines(console.in, "standard input");
        for (String line = next(lines); line != null; line = next(lines)) {
            interruption.answerBegins();
            try {
                conversation.answer(line, listener);
            } catch (MessageTooLongException e) {
                refuse(e.getMessage());
                continue;
            } finally {
                interruption.answerEnds();
            }
            console.out.println();
            console.out.flush();
        }
    }

    private void refuse(String reason) {
        refused++;
        console.err.println("llams: " + reason);
    }

    /// The next message; blank lines are none.
    private String next(Lines lines) throws IOException {
        String line;
        do {
            if (Terminal.isError()) {
                console.err.print("> ");
                console.err.flush();
            }
            line = line(lines);
        } while (line != null && line.isBlank());
        if (line == null && Terminal.isError()) {
            console.err.println();
        }
        return line;
    }

    /// Half a letter, as some terminals leave it behind when a line is edited, is no reason to end the conversation.
    private String line(Lines lines) throws IOException {
        try {
            return lines.next();
        } catch (DataException e) {
            refuse(e.getMessage());
            return "";
        }
    }
}
