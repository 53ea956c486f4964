package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import llams.model.files.SettingException;
import llams.trainer.pairs.Api;
import llams.trainer.pairs.ApiKey;
import llams.trainer.pairs.Endpoint;
import llams.trainer.pairs.PairCounts;
import llams.trainer.pairs.PairGeneration;
import llams.trainer.pairs.PairListener;
import llams.trainer.pairs.PairPrompt;
import llams.trainer.pairs.PairRequest;
import llams.trainer.pairs.PairSettings;
import llams.trainer.pairs.Topics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams data generate`
@Command(
        name = "generate",
        description = {"Have a model behind an endpoint write Korean-English pairs.",
                "Each request asks for some pairs on one topic. Answers without a pair are asked for again; repeated"
                        + " questions and texts that are not in their language are dropped and counted. What has come is"
                        + " on the disk at once, in FILE.run: after an interruption the same command continues, and"
                        + " nothing is paid for twice."},
        footer = {"",
                "The key is taken from OPENAI_API_KEY or GEMINI_API_KEY and goes to the endpoint alone. https_proxy,"
                        + " http_proxy, all_proxy and no_proxy are honoured.",
                "", "Examples:", "  llams data generate --model NAME --pairs 4000 --out pairs.jsonl",
                "  llams data generate --api gemini --model NAME --pairs 100 --out p.jsonl",
                "  llams data generate --endpoint http://gpu:8000 --model M --pairs 9 --out p",
                "  llams data generate --show-prompt"})
final class GeneratePairsCommand implements Callable<Integer> {

    @ParentCommand
    DataCommand data;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--api",
            paramLabel = "API",
            defaultValue = "openai",
            completionCandidates = CompletionValues.Apis.class,
            description = "The endpoint's interface: openai (chat completions, which most services and servers offer)"
                    + " or gemini (default: ${DEFAULT-VALUE}).")
    Api api;

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "Its address (default: https://api.openai.com or"
                    + " https://generativelanguage.googleapis.com).")
    String endpoint;

    @Option(names = "--model", paramLabel = "NAME", description = "Required: the model's name there.")
    String model;

    @Option(names = "--pairs", paramLabel = "N", description = "Required: how many pairs.")
    Integer pairs;

    @Option(names = "--out", paramLabel = "FILE", description = "Required: the file for them, one per line.")
    Path out;

    @Option(
            names = "--topics",
            paramLabel = "FILE",
            description = "Topics, one per line (default: about 140 from everyday life, knowledge and work).")
    Path topics;

    @Mixin
    PairPromptOptions prompt;

    @Option(names = "--per-request", paramLabel = "N", description = "Pairs that one request asks for (default: 5).")
    int perRequest = PairSettings.standard().perRequest();

    @Option(names = "--parallel", paramLabel = "N", description = "Requests at a time (default: 4).")
    int parallel = PairSettings.standard().parallel();

    @Option(
            names = "--requests-per-minute",
            paramLabel = "N",
            description = "The most requests that begin in a minute; 0: no limit (default: 0).")
    int requestsPerMinute = PairSettings.standard().requestsPerMinute();

    @Option(
            names = "--timeout",
            paramLabel = "S",
            description = "Seconds after which an attempt counts as failed (default: 180).")
    long timeoutSeconds = PairSettings.standard().timeout().toSeconds();

    @Option(
            names = "--attempts",
            paramLabel = "N",
            description = "Attempts of one request where the network or the server fails (default: 6). They wait 1, 2,"
                    + " 4 ... seconds, or as long as the server says.")
    int attempts = PairSettings.standard().attempts();

    @Option(
            names = "--asks",
            paramLabel = "N",
            description = "How often a request is made, in all, if its answers have no pair (default: 3).")
    int asks = PairSettings.standard().asks();

    @Option(names = "--temp", paramLabel = "T", description = "Temperature (default: the endpoint's).")
    Double temperature;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "The most tokens in an answer (default: the endpoint's limit).")
    Integer maxTokens;

    @Option(
            names = "--no-json-mode",
            description = "Do not set the endpoint to answer in JSON, which some do not support.")
    boolean noJsonMode;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Which topics and examples go with which request (default: 0).")
    long seed;

    @Option(
            names = "--key-env",
            paramLabel = "NAME",
            description = "The variable that holds the key (default: OPENAI_API_KEY or GEMINI_API_KEY).")
    String keyVariable;

    @Option(
            names = "--allow-http",
            description = "Send the key to another machine even if http, which is not encrypted, leads there.")
    boolean allowHttp;

    @Option(names = "--json", description = "Print the figures as one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        PairPrompt chosen = prompt.chosen();
        Topics all = topics == null ? Topics.standard() : Topics.read(topics);
        if (prompt.show || prompt.showTopics) {
            // Text that can be edited and given back.
            VisibleStream.bare(data.console.out)
                    .print(prompt.show ? chosen.template() : String.join("\n", all.all()) + "\n");
            return Console.DONE;
        }
        required("--model", model);
        required("--pairs", pairs);
        required("--out", out);
        PairRequest request = asOptions(() -> PairRequest.standard(endpoint(), pairs, out)
                .withTopics(all)
                .withPrompt(chosen)
                .withSettings(settings()));
        if (prompt.showRequest) {
            VisibleStream.bare(data.console.out).print(request.text(0));
            return Console.DONE;
        }
        PairCounts counts;
        int code;
        try (Shown shown = new Shown()) {
            PairGeneration generation = asOptions(() -> new PairGeneration(request, shown));
            try (WorkInterruption interruption = new WorkInterruption(data.console.err,
                    "finishing the requests under way, then saving and stopping", generation::stop)) {
                counts = generation.run();
                code = counts.pairs() < pairs ? interruption.code() : Console.DONE;
            }
        }
        print(counts);
        return code;
    }

    private <T> T asOptions(Supplier<T> made) {
        try {
            return made.get();
        } catch (SettingException e) {
            throw new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()), e);
        }
    }

    private void required(String option, Object value) {
        if (value == null) {
            throw new ParameterException(spec.commandLine(), option + " is missing");
        }
    }

    private Endpoint endpoint() {
        String variable = keyVariable == null ? api.keyVariable : keyVariable;
        ApiKey key = ApiKey.findOrNull(variable, System.getenv());
        if (key == null && keyVariable != null) {
            throw new ParameterException(spec.commandLine(),
                    "--key-env " + keyVariable + ": there is no such variable, or it is empty");
        }
        Endpoint chosen = Endpoint.standard(api, model).withKey(key).withAllowHttp(allowHttp);
        return endpoint == null ? chosen : chosen.withAddress(endpoint);
    }

    private PairSettings settings() {
        PairSettings standard = PairSettings.standard();
        return standard.withPerRequest(perRequest)
                .withParallel(parallel)
                .withRequestsPerMinute(requestsPerMinute)
                .withAttempts(attempts, standard.firstWait())
                .withTimeout(Duration.ofSeconds(timeoutSeconds))
                .withAsks(asks)
                .withTemperature(temperature)
                .withMaxTokens(maxTokens)
                .withJsonMode(!noJsonMode)
                .withSeed(seed);
    }

    private void print(PairCounts counts) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode()
                    .put("out", out.toString())
                    .put("pairs", counts.pairs())
                    .put("answers", counts.answers())
                    .put("unusable", counts.unusable())
                    .put("incomplete", counts.incomplete())
                    .put("duplicates", counts.duplicates())
                    .put("wrongScript", counts.wrongScript())
                    .put("promptTokens", counts.promptTokens())
                    .put("completionTokens", counts.completionTokens());
            data.console.out.println(report);
            return;
        }
        line("%s: %,d pairs from %,d answers", out, counts.pairs(), counts.answers());
        line("dropped: %,d repeated, %,d in the wrong script, %,d incomplete; %,d answers were unusable",
                counts.duplicates(), counts.wrongScript(), counts.incomplete(), counts.unusable());
        line("cost: %,d prompt + %,d completion tokens", counts.promptTokens(), counts.completionTokens());
        if (counts.pairs() < pairs) {
            line("stopped with %,d of %,d pairs; the same command continues", counts.pairs(), pairs);
        } else {
            data.console.out.println("next: " + Shell.command("data", "pairs", out, "--out", "chats.jsonl"));
        }
    }

    private void line(String form, Object... values) {
        data.console.out.printf(Locale.ROOT, form + "%n", values);
    }

    /// A bar over all pairs, and lines between.
    private final class Shown implements PairListener, AutoCloseable {
        private ProgressMeter bar;
        private int done;

        @Override
        public void at(PairCounts counts) {
            if (bar == null && counts.pairs() < pairs) {
                bar = new ProgressMeter(data.console.err, "asking", "pairs", pairs, counts.pairs());
            } else if (bar != null) {
                bar.step(counts.pairs() - done);
                bar.note(String.format(Locale.ROOT, "%,d + %,d tokens", counts.promptTokens(),
                        counts.completionTokens()));
            }
            done = counts.pairs();
        }

        @Override
        public void note(String line) {
            // Behind a bar that redraws itself, on a line of its own.
            data.console.err.println((bar != null && Terminal.columns().isPresent() ? "\n" : "") + "llams: "
                    + SettingNames.asOptions(line));
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
