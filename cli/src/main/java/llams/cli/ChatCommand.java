package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.model.chat.ChatMessage;
import llams.model.chat.ChatTemplate;
import llams.model.files.DataException;
import llams.model.text.LoadedModel;
import llams.model.text.TextStream;
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
                "Each line of standard input is a message, and the answer goes to standard output. The model keeps what"
                        + " was said: a turn costs only its own tokens."},
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
            defaultValue = "1024",
            description = "The most tokens of an answer (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "8192",
            description = "Tokens of the conversation that the model keeps (default: ${DEFAULT-VALUE}, or what it"
                    + " allows).")
    int context;

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
        Device plain = compute.open();
        try (LoadedModel loaded = model.open(compute.options())) {
            Device device = loaded.weights().watched(plain);
            Sampler sampler = sampling.sampler(loaded.sampling(), console.err);
            if (loaded.tokenizer() == null) {
                throw new DataException(model.directory + ": there is no tokenizer, which a conversation needs; put"
                        + " its tokenizer.json there");
            }
            int capacity = Math.min(context, loaded.weights().config.maxPositions());
            Memory.check(Generator.memory(loaded.model(), capacity, capacity), loaded.weights().allocatedBytes(),
                    "a smaller --context");
            try (Generator generator = new Generator(device, loaded.model(), loaded.resident(), capacity);
                    AnswerInterruption interruption = new AnswerInterruption(console.err)) {
                talk(loaded, generator, capacity, sampler, interruption);
            }
        }
        // At a terminal, whoever was refused has seen it.
        return refused == 0 || Terminal.isInput() ? Console.DONE : Console.FAILED;
    }

    private void talk(LoadedModel loaded, Generator generator, int capacity, Sampler sampler,
            AnswerInterruption interruption) throws IOException {
        ChatTemplate chat = loaded.text().chat();
        if (!chat.isModels()) {
            console.note(
                    model.directory + " has no chat template; the conversation is written in" + " Llama 3's format");
        }
        Set<Integer> stops = new LinkedHashSet<>(loaded.stopIds());
        stops.addAll(chat.stopIds());
        List<ChatMessage> opening = system == null ? List.of() : List.of(new ChatMessage("system", system));
        List<ChatMessage> said = new ArrayList<>(opening);
        // What the last turn left to be said before the next one: the end of an answer that was cut off.
        int[] open = {};
        Lines lines = new Lines(console.in, "standard input");
        for (String line = next(lines); line != null; line = next(lines)) {
            ChatMessage message = new ChatMessage("user", line);
            List<ChatMessage> alone = new ArrayList<>(opening);
            alone.add(message);
            int[] anew = chat.prompt(alone, List.of());
            if (anew.length >= capacity) {
                refuse("this message makes " + anew.length + " tokens" + (system == null ? "" : " with --system")
                        + ", and the context of " + capacity + " must hold them and an answer; send a shorter one");
                continue;
            }
            int[] following = generator.position() == 0 ? null : chat.following(said, message);
            said.add(message);
            int[] ids = following == null ? chat.prompt(said, List.of()) : concat(open, following);
            if (following == null) {
                // Nothing was said yet, or what was said is written in another way now.
                generator.reset();
            }
            if (generator.position() + ids.length >= capacity) {
                console.err.println("(the conversation fills the context of " + capacity + " tokens; it starts anew)");
                generator.reset();
                said = alone;
                ids = anew;
            }
            StringBuilder answered = new StringBuilder();
            TextStream text = new TextStream(loaded.tokenizer(), List.of(), piece -> {
                answered.append(piece);
                console.text.print(piece);
                console.text.flush();
            });
            interruption.answerBegins();
            Generator.Continuation answer = generator.generate(ids, maxTokens, sampler, stops,
                    id -> text.accept(id) && interruption.isWanted());
            interruption.answerEnds();
            text.finish();
            console.out.println();
            console.out.flush();
            // The last token of an answer that did not end by itself is not part of the sequence yet.
            int[] last = answer.ids();
            open = answer.end() == Generator.End.STOP_ID ? new int[0] : new int[] {last[last.length - 1]};
            said.add(new ChatMessage("assistant", answered.toString()));
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

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }
}
