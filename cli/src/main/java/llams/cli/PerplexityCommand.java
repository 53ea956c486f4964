package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.tokenizer.Tokenizer;
import llams.trainer.Batch;
import llams.trainer.Evaluator;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.PackedDataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval perplexity`
@Command(
        name = "perplexity",
        description = {
            "How well a model predicts a text: loss per token, perplexity, bits per byte.",
            "Data as 'llams train' takes it, measured as --eval-data is there. Bits per byte can be compared between models with"
                    + " other tokenizers."
        },
        footer = {"", "Example:", "  llams eval perplexity -m model --adapter tuned --data held-out.txt"})
final class PerplexityCommand implements Callable<Integer> {
    private static final int TOKENS = 2048;

    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(names = "--data", paramLabel = "FILE", arity = "1..*", required = true, description = "Required: what to predict.")
    List<Path> data;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "Tokens of a sequence (default: " + TOKENS + ", or the model's context if that is shorter).")
    Integer tokens;

    @Option(
            names = "--pack",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Documents share sequences (default); --no-pack: one document a sequence.")
    boolean pack;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (tokens != null && tokens < 2) {
            throw new ParameterException(spec.commandLine(), "--tokens must be at least 2, not " + tokens);
        }
        Device device = compute.open();
        try (LoadedModel loaded = model.open()) {
            LlamaConfig config = loaded.weights().config;
            int length = tokens == null ? Math.min(TOKENS, config.maxPositions()) : tokens;
            if (length > config.maxPositions()) {
                throw new IllegalArgumentException("--tokens " + length + " is longer than the model allows: "
                        + config.maxPositions() + " (max_position_embeddings)");
            }
            Corpus corpus = Corpus.load(data, DocumentEncoder.of(loaded.text(), config.vocab()));
            PackedDataset packed = new PackedDataset(corpus.documents(), length, pack);
            print(measure(device, loaded, packed, length), bytes(packed, loaded.tokenizer()));
        }
        return Main.DONE;
    }

    private Evaluator.Loss measure(Device device, LoadedModel loaded, PackedDataset packed, int length) {
        try (Evaluator evaluator = Evaluator.open(device, loaded.model(), loaded.resident(), length);
                Progress progress =
                        new Progress(eval.llams.err, "measuring", "tokens", packed.statistics().packedTokens())) {
            return evaluator.loss(() -> Batch.all(packed, 1).stream()
                    .peek(batch -> progress.step(batch.tokens()))
                    .iterator());
        }
    }

    /// UTF-8 bytes that the counted tokens stand for, special tokens for none; -1 without a tokenizer.
    private static long bytes(PackedDataset packed, Tokenizer tokenizer) {
        if (tokenizer == null) {
            return -1;
        }
        long bytes = 0;
        for (int i = 0; i < packed.size(); i++) {
            for (int label : packed.sequence(i).label()) {
                if (label >= 0 && label < tokenizer.size() && !tokenizer.isSpecial(label)) {
                    bytes += tokenizer.bytes(label).length;
                }
            }
        }
        return bytes;
    }

    private void print(Evaluator.Loss loss, long bytes) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("loss", loss.meanLoss())
                    .put("perplexity", loss.perplexity())
                    .put("countedTokens", loss.countedTokens());
            if (bytes > 0) {
                report.put("bitsPerByte", loss.bitsPerByte(bytes)).put("bytes", bytes);
            }
            eval.llams.out.println(report);
            return;
        }
        eval.llams.out.printf(Locale.ROOT, "loss          %.4f per token, over %,d tokens%n", loss.meanLoss(), loss.countedTokens());
        eval.llams.out.printf(Locale.ROOT, "perplexity    %.3f%n", loss.perplexity());
        if (bytes > 0) {
            eval.llams.out.printf(Locale.ROOT, "bits per byte %.4f, over %,d bytes%n", loss.bitsPerByte(bytes), bytes);
        }
    }
}
