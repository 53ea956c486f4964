package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.generate.Taps;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.model.text.LoadedModel;
import llams.model.text.TextStream;
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
                "The continuation goes to standard output as it is made, without the prompt. It ends at a stop id of"
                        + " the model, at a stop text, after -n tokens or at the end of the model's context."},
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
            description = "A file with the text to continue; -: standard input.")
    Path promptFile;

    @Option(
            names = "--ids",
            paramLabel = "1,2,3",
            split = ",",
            description = "The text to continue as ids, taken as they stand.")
    int[] promptIds;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "128",
            description = "The most tokens to make (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Mixin
    SamplingOptions sampling;

    @Option(names = "--stop", paramLabel = "TEXT", description = "Stop before this text; may be given several times.")
    List<String> stops = List.of();

    @Option(
            names = "--special",
            paramLabel = "HOW",
            defaultValue = "text",
            description = "What a special token's name in the prompt is: text, parse (the token), or error"
                    + " (default: ${DEFAULT-VALUE}).")
    TokenizeCommand.Special special;

    @Option(names = "--print-ids", description = "Print the new ids, separated by commas, instead of text.")
    boolean printIds;

    @Option(
            names = "--tap",
            paramLabel = "FILE",
            description = "Also write all that the model computes for the prompt into a safetensors file, for study.")
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
        Device plain = compute.open();
        try (LoadedModel loaded = model.open(compute.options())) {
            Device device = loaded.weights().watched(plain);
            Sampler sampler = sampling.sampler(loaded.sampling(), console.err);
            int[] ids = promptIds != null ? promptIds : promptIds(loaded.text());
            int context = loaded.weights().config.maxPositions();
            if (ids.length > context) {
                throw new DataException("the prompt has " + ids.length + " tokens, more than the model allows: "
                        + context + " (max_position_embeddings); shorten it");
            }
            int capacity = (int) Math.min(context, (long) ids.length + maxTokens);
            Memory.check(Generator.memory(loaded.model(), capacity, ids.length), loaded.weights().allocatedBytes(),
                    "a shorter prompt or a smaller -n");
            try (Generator generator = new Generator(device, loaded.model(), loaded.resident(), capacity)) {
                if (tap != null) {
                    generator.check(ids);
                    List<String> names = Taps.write(device, loaded.model(), loaded.resident(), ids, tap);
                    console.err
                            .println("wrote " + names.size() + " tensors to " + tap + ": " + String.join(", ", names));
                }
                generate(loaded, generator, sampler, ids);
            }
        }
        return Console.DONE;
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }

    private int[] promptIds(ModelText model) throws IOException {
        if (model == null) {
            throw new DataException(this.model.directory + ": there is no tokenizer, which a text needs; put its"
                    + " tokenizer.json there, or give --ids");
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
        return TokenizeCommand.encode(model, text, special, true, false);
    }

    private void generate(LoadedModel loaded, Generator generator, Sampler sampler, int[] ids) throws IOException {
        Set<Integer> stopIds = new LinkedHashSet<>(loaded.stopIds());
        boolean asText = loaded.tokenizer() != null && !printIds;
        StringBuilder text = new StringBuilder();
        TextStream stream = loaded.tokenizer() == null ? null : new TextStream(loaded.tokenizer(), stops, piece -> {
            text.append(piece);
            if (asText && !json) {
                console.text.print(piece);
                console.text.flush();
            }
        });
        if (stream == null && !stops.isEmpty()) {
            throw new DataException(model.directory + ": there is no tokenizer, which --stop needs");
        }
        Generator.Continuation made = generator.generate(ids, maxTokens, sampler, stopIds,
                id -> stream == null || stream.accept(id));
        if (stream != null) {
            stream.finish();
        }
        if (json) {
            console.out.println(report(made, stream == null ? null : text.toString()));
        } else if (asText) {
            console.out.println();
        } else {
            console.out.println(IntStream.of(made.ids()).mapToObj(Integer::toString).collect(Collectors.joining(",")));
        }
        console.out.flush();
        if (!json) {
            console.err.println(summary(made));
        }
    }

    private String summary(Generator.Continuation made) {
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
        if (sampling.temperature > 0) {
            parts.add("seed " + sampling.seed);
        }
        return String.join("; ", parts);
    }

    private ObjectNode report(Generator.Continuation made, String text) {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        if (text != null) {
            report.put("text", text);
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
        if (sampling.temperature > 0) {
            report.put("seed", sampling.seed);
        }
        return report;
    }
}
