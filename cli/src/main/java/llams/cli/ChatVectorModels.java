package llams.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// The models of a chat vector, and the place of the result.
final class ChatVectorModels {
    @Option(names = "--base", paramLabel = "DIR", required = true, description = "Required: the base model.")
    Path base;

    @Option(
            names = "--instruct",
            paramLabel = "DIR",
            required = true,
            description = "Required: the instruct model of the base; its tokenizer and chat template are used.")
    Path instruct;

    @Option(
            names = "--tuned",
            paramLabel = "DIR",
            required = true,
            description = "Required: the base, fine-tuned on other data.")
    Path tuned;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: a new directory for the result.")
    Path out;
}
