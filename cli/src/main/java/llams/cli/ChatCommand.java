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
import llams.trainer.chat.ChatMessage;
import llams.trainer.chat.ChatTemplate;
import llams.trainer.data.DataException;
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
        description = {
            "Talk with an instruct model.",
            "Each line of standard input is a message, and the answer goes to standard output. The model keeps what was said: a turn"
                    + " costs only its own tokens."
        },
        footer = {
            "",
            "Examples:",
            "  llams chat -m model --system 'Answer in Korean.'",
            "  llams chat -m model --adapter tuned --temp 0 < questions.txt"
        })
final class ChatCommand implements Callable<Integer> {
    @ParentCommand
    Main llams;

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
            description = "Tokens of the conversation that the model keeps (default: ${DEFAULT-VALUE}, or what it allows).")
    int context;

    @Mixin
    SamplingOptions sampling;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1 || context < 1) {
            throw new ParameterException(spec.commandLine(), "-n and --context must be at least 1");
        }
        Sampler sampler = sampling.sampler();
        Device device = compute.open();
        try (LoadedModel loaded = model.open()) {
            if (loaded.tokenizer() == null) {
                throw new DataException(model.directory + ": there is no tokenizer, which a conversation needs; put its tokenizer.json there");
            }
            int capacity = Math.min(context, loaded.weights().config.maxPositions());
            Memory.check(Generator.memory(loaded.model(), capacity, capacity), loaded.weights().allocatedBytes(), "a smaller --context");
            try (Generator generator = new Generator(device, loaded.model(), loaded.resident(), capacity)) {
                talk(loaded, generator, capacity, sampler);
            }
        }
        return Main.DONE;
    }

    private void talk(LoadedModel loaded, Generator generator, int capacity, Sampler sampler) throws IOException {
        ChatTemplate chat = loaded.text().chat();
        if (!chat.isModels()) {
            llams.err.println("note: " + model.directory + " has no chat template; the conversation is written in Llama 3's format");
        }
        Set<Integer> stops = new LinkedHashSet<>(loaded.stopIds());
        stops.addAll(chat.stopIds());
        List<ChatMessage> opening = system == null ? List.of() : List.of(new ChatMessage("system", system));
        List<ChatMessage> said = new ArrayList<>(opening);
        // What the last turn left to be said before the next one: the end of an answer that was cut off.
        int[] open = {};
        Lines lines = new Lines(llams.in, "standard input");
        for (String line = next(lines); line != null; line = next(lines)) {
            ChatMessage message = new ChatMessage("user", line);
            int[] following = generator.position() == 0 ? null : chat.following(said, message);
            said.add(message);
            int[] ids = following == null ? chat.prompt(said, List.of()) : concat(open, following);
            if (following == null) {
                generator.reset();
            } else if (generator.position() + ids.length >= capacity) {
                llams.err.println("(the conversation fills the context of " + capacity + " tokens; it starts anew)");
                generator.reset();
                said = new ArrayList<>(opening);
                said.add(message);
                ids = chat.prompt(said, List.of());
            }
            StringBuilder answered = new StringBuilder();
            TextStream text = new TextStream(loaded.tokenizer(), List.of(), piece -> {
                answered.append(piece);
                llams.out.print(piece);
                llams.out.flush();
            });
            Generator.Continuation answer = generator.generate(ids, maxTokens, sampler, stops, text::accept);
            text.finish();
            llams.out.println();
            llams.out.flush();
            // The last token of an answer that did not end by itself is not part of the sequence yet.
            int[] last = answer.ids();
            open = answer.end() == Generator.End.STOP_ID ? new int[0] : new int[] {last[last.length - 1]};
            said.add(new ChatMessage("assistant", answered.toString()));
        }
    }

    /// The next message; blank lines are none.
    private String next(Lines lines) throws IOException {
        String line;
        do {
            if (Stderr.terminalColumns().isPresent()) {
                llams.err.print("> ");
                llams.err.flush();
            }
            line = lines.next();
        } while (line != null && line.isBlank());
        return line;
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }
}
