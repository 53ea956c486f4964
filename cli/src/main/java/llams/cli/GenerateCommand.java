package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.engine.generate.Generator;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.model.text.GenerateOptions;
import llams.model.text.Generated;
import llams.model.text.LoadedModel;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams generate`: continues a text.
@Command(
        name = "generate",
        description = {"Continue a text.",
                "The continuation goes to standard output as it is generated, without the prompt. It ends at one of"
                        + " the model's stop ids, at a stop text, after -n tokens or when the context is full."},
        footer = {"", "Examples:", "  llams generate -m model -p 'The capital of Korea is'",
                "  llams generate -m model -f story.txt -n 500 --temp 0 --stop 'The End'",
                "  llams generate -m model --adapter tuned -p '안녕하세요' --seed 1"})
final class GenerateCommand implements Callable<Integer> {
    private static final Path STDIN = Path.of("-");
    private static final int MOST_PROMPT_BYTES = 1 << 28;

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(names = {"-p", "--prompt"}, paramLabel = "TEXT", description = "The text to continue.")
    String prompt;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "A file with the text to continue; - is standard input.")
    Path promptFile;

    @Option(
            names = "--ids",
            paramLabel = "1,2,3",
            split = ",",
            description = "The text to continue, as ids; nothing is added to them.")
    int[] promptIds;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "" + GenerateOptions.MAX_TOKENS,
            description = "The most tokens to generate (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Mixin
    SamplingOptions sampling;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Stop before this text; may be given several times.")
    List<String> stops = List.of();

    @Option(
            names = "--special",
            paramLabel = "HOW",
            defaultValue = "text",
            description = "How to read the name of a special token in the prompt: text, parse (the token) or error"
                    + " (default: ${DEFAULT-VALUE}).")
    TokenizeCommand.Special special;

    @Option(names = "--print-ids", description = "Print the new ids, separated by commas, instead of text.")
    boolean printIds;

    @Option(
            names = "--tap",
            paramLabel = "FILE",
            description = "Also write what the model computes for the prompt to a safetensors file, for study: for each"
                    + " layer the norms, q and k (rotated), v, attention, o, gate, up, down and out; embedding,"
                    + " hidden and logits. Attention scores are not stored; they follow from q and k.")
    Path tap;

    @Option(names = "--json", description = "Print one JSON object at the end instead of the text.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        int given = (prompt == null ? 0 : 1) + (promptFile == null ? 0 : 1) + (promptIds == null ? 0 : 1);
        usage(given == 1, "give one prompt: -p TEXT, -f FILE or --ids 1,2,3");
        usage(maxTokens >= 1, "-n must be at least 1, not " + maxTokens);
        usage(stops.stream().noneMatch(String::isEmpty), "--stop needs a text");
        sampling.check();
        try (TextGenerator generator = new TextGenerator(model.open(compute.open()), Integer.MAX_VALUE)) {
            LoadedModel loaded = generator.model;
            Sampling settled = sampling.settled(loaded.sampling, console.err);
            int[] ids = promptIds != null ? promptIds : promptIds(loaded.text);
            generator.checkLength(ids);
            MachineMemory.check(generator.memory(ids.length, maxTokens), loaded.weights.allocatedBytes(),
                    "a shorter prompt or a smaller -n");
            if (tap != null) {
                List<String> names = generator.tap(ids, tap);
                console.err.println("wrote " + names.size() + " tensors to " + tap + ": " + kinds(names));
            }
            boolean asText = loaded.text != null && !printIds && !json;
            Generated made = generator.generate(ids, new GenerateOptions(maxTokens, stops, settled), piece -> {
                if (asText) {
                    console.text.print(piece);
                    console.text.flush();
                }
                return true;
            });
            print(made, loaded.text != null, settled);
        }
        return Console.DONE;
    }

    /// The names of tapped values, those of every layer once: `layers.*.out`.
    private static String kinds(List<String> names) {
        return names.stream()
                .map(name -> name.replaceFirst("^layers\\.\\d+", "layers.*"))
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }

    private int[] promptIds(ModelText model) throws IOException {
        if (model == null) {
            throw new DataException(this.model.directory + ": text needs a tokenizer, and there is none; put"
                    + " its tokenizer.json there, or give --ids");
        }
        String text = prompt;
        if (promptFile != null) {
            text = promptFile.equals(STDIN)
                    ? TextFile.decode(console.in.readAllBytes(), "standard input")
                    : TextFile.read(promptFile, MOST_PROMPT_BYTES);
        }
        if (model.frame().note() != null) {
            console.note(model.frame().note());
        }
        return model.frame().around(TokenizeCommand.encode(model.tokenizer(), text, special), true, false);
    }

    private void print(Generated made, boolean hasText, Sampling settled) {
        if (json) {
            console.out.println(report(made, hasText, settled));
        } else if (hasText && !printIds) {
            console.out.println();
        } else {
            console.out.println(
                    IntStream.of(made.tokens().ids()).mapToObj(Integer::toString).collect(Collectors.joining(",")));
        }
        console.out.flush();
        if (!json) {
            console.err.println(summary(made.tokens(), settled));
        }
    }

    private String summary(Generator.Continuation made, Sampling settled) {
        List<String> parts = new ArrayList<>();
        parts.add(String.format(Locale.ROOT, "prompt %d tokens, %.1f tokens/s", made.promptTokens(),
                made.prefillTokensPerSecond()));
        parts.add(made.ids().length < 2
                ? "made " + made.ids().length
                : String.format(Locale.ROOT, "made %d, %.1f tokens/s", made.ids().length,
                        made.decodeTokensPerSecond()));
        parts.add(switch (made.end()) {
            case STOP_ID -> "ended by itself";
            case LENGTH -> "stopped at -n " + maxTokens;
            case CAPACITY -> "stopped at the end of the model's context";
            case CALLER -> "stopped at a stop text";
        });
        if (settled.temperature() > 0) {
            parts.add("seed " + settled.seed());
        }
        return String.join("; ", parts);
    }

    private ObjectNode report(Generated generated, boolean hasText, Sampling settled) {
        Generator.Continuation made = generated.tokens();
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        if (hasText) {
            report.put("text", generated.text());
        }
        ArrayNode ids = report.putArray("ids");
        for (int id : made.ids()) {
            ids.add(id);
        }
        report.put("end", switch (made.end()) {
            case STOP_ID -> "stop id";
            case LENGTH -> "length";
            case CAPACITY -> "context";
            case CALLER -> "stop text";
        });
        report.put("device", compute.used)
                .put("promptTokens", made.promptTokens())
                .put("prefillTokensPerSecond", made.prefillTokensPerSecond());
        if (made.ids().length > 1) {
            report.put("decodeTokensPerSecond", made.decodeTokensPerSecond());
        }
        if (settled.temperature() > 0) {
            report.put("seed", settled.seed());
        }
        return report;
    }
}
