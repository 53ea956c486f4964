package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import llams.trainer.pairs.PairPrompt;
import picocli.CommandLine.Option;

/// What the endpoint that writes pairs is asked.
final class PairPromptOptions {
    /// The languages of the built-in prompts.
    enum Language {
        ko, en
    }

    private static final int MOST_BYTES = 1 << 20;

    @Option(
            names = "--prompt",
            paramLabel = "FILE",
            description = "The text of a request, in which {topic}, {count} and {examples} are replaced (default: what"
                    + " --show-prompt prints).")
    Path template;

    @Option(
            names = "--prompt-language",
            paramLabel = "L",
            defaultValue = "ko",
            description = "The language of the built-in prompt: ko or en (default: ${DEFAULT-VALUE}).")
    Language language;

    @Option(
            names = "--examples",
            paramLabel = "FILE",
            description = "Pairs to show as examples, one per line, three in each request (default: three built-in"
                    + " ones).")
    Path examples;

    @Option(names = "--show-prompt", description = "Print the prompt, to be edited for --prompt, and send nothing.")
    boolean show;

    @Option(names = "--show-topics", description = "Print the topics and send nothing.")
    boolean showTopics;

    @Option(names = "--show-request", description = "Print the first request and send nothing.")
    boolean showRequest;

    PairPrompt chosen() throws IOException {
        PairPrompt prompt = switch (language) {
            case ko -> PairPrompt.korean();
            case en -> PairPrompt.english();
        };
        if (template != null) {
            prompt = prompt.withTemplate(TextFile.read(template, MOST_BYTES));
        }
        return examples == null ? prompt : prompt.withExamples(PairPrompt.readExamples(examples));
    }
}
