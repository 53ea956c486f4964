package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.llama.LlamaConfig;
import llams.model.chat.ModelText;
import llams.model.text.LoadedModel;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Corpus;
import llams.trainer.data.DataStatistics;
import llams.trainer.data.PackedDataset;
import llams.trainer.data.PackedSequence;
import llams.trainer.data.SlidingWindows;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;
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
        description = {"Measure how well a model predicts text: loss per token, perplexity, bits per byte.",
                "Takes the same data as 'llams train', and by default measures it as --eval-data there: documents"
                        + " are packed into sequences, and what follows a cut sees nothing before it. With --stride,"
                        + " tokens of documents longer than a sequence keep their context. Bits per byte can be"
                        + " compared between models with different tokenizers."},
        footer = {"", "Examples:", "  llams eval perplexity -m model --adapter tuned --data held-out.txt",
                "  llams eval perplexity -m model --data book.txt --tokens 2048 --stride 512"})
final class PerplexityCommand implements Callable<Integer> {
    private static final int TOKENS = 2048;

    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            required = true,
            description = "Required: the text to predict.")
    List<Path> data;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "Tokens per sequence (default: " + TOKENS + ", or the model's context if that is shorter).")
    Integer tokens;

    @Mixin
    PackOption packing;

    @Option(
            names = "--stride",
            paramLabel = "N",
            description = "Read each document through a window of --tokens tokens that moves by N, and count each"
                    + " token once, with at least --tokens minus N tokens before it. A small N is exact but slow;"
                    + " a quarter of --tokens is usual (default: no window).")
    Integer stride;

    @Mixin
    DataOptions reading;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (tokens != null && tokens < 2) {
            throw new ParameterException(spec.commandLine(), "--tokens must be at least 2, not " + tokens);
        }
        try (LoadedModel loaded = model.open(compute.open())) {
            LlamaConfig config = loaded.weights.config;
            int length = tokens == null ? Math.min(TOKENS, config.maxPositions()) : tokens;
            if (length > config.maxPositions()) {
                throw new IllegalArgumentException("--tokens " + length + " is longer than the model allows: "
                        + config.maxPositions() + " (max_position_embeddings)");
            }
            if (stride != null && (stride < 1 || stride >= length)) {
                throw new ParameterException(spec.commandLine(), "--stride must be from 1 to " + (length - 1)
                        + ", less than the window's " + length + " tokens (--tokens), not " + stride);
            }
            MachineMemory.check(Evaluator.memory(loaded.model, length), loaded.weights.allocatedBytes(),
                    "a smaller --tokens");
            Corpus corpus = reading.load(data, reading.encoder(loaded.text, config.vocab()), eval.console.err);
            DataOptions.note(corpus, eval.console.err);
            PackedDataset packed = new PackedDataset(corpus.documents(), length, packing.pack);
            SlidingWindows windows = stride == null ? null : new SlidingWindows(corpus.documents(), length, stride);
            Iterable<PackedSequence> sequences = windows == null ? packed : windows;
            long tokensInAll = windows == null ? packed.statistics().packedTokens() : windows.tokens();
            Evaluator.Loss loss;
            try (Evaluator evaluator = Evaluator.open(loaded.device, loaded.model, loaded.resident, length);
                    ProgressMeter progress = new ProgressMeter(eval.console.err, "measuring", "tokens", tokensInAll)) {
                loss = evaluator
                        .loss(() -> MicroBatch.each(sequences).peek(batch -> progress.step(batch.tokens())).iterator());
            }
            print(loss, bytes(sequences, loaded.text), packed.statistics(), length);
        }
        return Console.DONE;
    }

    /// UTF-8 bytes that the counted tokens stand for, special tokens for none; -1 without a tokenizer.
    private static long bytes(Iterable<PackedSequence> sequences, ModelText text) {
        if (text == null) {
            return -1;
        }
        Tokenizer tokenizer = text.tokenizer();
        long bytes = 0;
        for (PackedSequence sequence : sequences) {
            for (int label : sequence.label()) {
                if (label >= 0 && label < tokenizer.size() && !tokenizer.isSpecial(label)) {
                    bytes += tokenizer.bytes(label).length;
                }
            }
        }
        return bytes;
    }

    private void print(Evaluator.Loss loss, long bytes, DataStatistics data, int length) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("loss", loss.meanLoss())
                    .put("perplexity", loss.perplexity())
                    .put("countedTokens", loss.countedTokens())
                    .put("device", compute.used);
            if (bytes > 0) {
                report.put("bitsPerByte", loss.bitsPerByte(bytes)).put("bytes", bytes);
            }
            report.put("context", stride != null ? "windows" : packing.pack ? "packed" : "documents")
                    .put("tokens", length);
            if (stride != null) {
                report.put("stride", stride);
            } else {
                report.put("cutDocuments", data.cut())
                        .put("truncatedDocuments", data.truncated())
                        .put("truncatedTokens", data.truncatedTokens());
            }
            eval.console.out.println(report);
            return;
        }
        eval.console.out.printf(Locale.ROOT, "loss          %.4f per token, over %,d tokens%n", loss.meanLoss(),
                loss.countedTokens());
        eval.console.out.printf(Locale.ROOT, "perplexity    %.3f%n", loss.perplexity());
        if (bytes > 0) {
            eval.console.out.printf(Locale.ROOT, "bits per byte %.4f, over %,d bytes%n", loss.bitsPerByte(bytes),
                    bytes);
        }
        eval.console.out.println("context       " + context(data, length));
    }

    /// What the tokens saw before them.
    private String context(DataStatistics data, int length) {
        if (stride != null) {
            return String.format(Locale.ROOT,
                    "windows of %,d tokens that move by %,d: at least %,d tokens, or all of the document's", length,
                    stride, length - stride);
        }
        String lost = data.truncated() == 0
                ? ""
                : String.format(Locale.ROOT,
                        "; %,d of %,d documents are longer, and %,d tokens do not count (--stride counts them)",
                        data.truncated(), data.documents(), data.truncatedTokens());
        if (!packing.pack) {
            return String.format(Locale.ROOT, "one document per sequence of up to %,d tokens%s", length, lost);
        }
        return String.format(Locale.ROOT,
                "packed into sequences of %,d tokens; %,d of %,d documents are cut, and what follows sees nothing"
                        + " before the cut%s%s",
                length, data.cut(), data.documents(), data.cut() == 0 ? "" : " (--stride keeps the context)", lost);
    }
}
