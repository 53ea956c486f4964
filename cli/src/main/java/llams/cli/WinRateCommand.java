package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.model.files.DataException;
import llams.model.text.LoadedModel;
import llams.trainer.data.Corpus;
import llams.trainer.data.Document;
import llams.trainer.eval.WinRate;
import llams.trainer.eval.WinRate.Likelihoods;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval winrate`
@Command(
        name = "winrate",
        description = {"Measure which of two models finds good answers more likely.",
                "The data are conversations or questions with preferred answers, as 'llams train' takes them. A model"
                        + " wins an answer if it gives it the greater likelihood; a tie is half a win."},
        footer = {"", "Example:", "  llams eval winrate -m tuned --other base --data answers.jsonl"})
final class WinRateCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--other",
            paramLabel = "DIR",
            description = "The model to compare with (default: the same model, without --adapter).")
    Path other;

    @Option(names = "--other-adapter", paramLabel = "DIR", description = "A LoRA adapter for the other model.")
    Path otherAdapter;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "Required: the answers. Repeatable.")
    List<Path> data;

    @Mixin
    DataOptions reading;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (other == null && model.adapter == null) {
            throw new ParameterException(spec.commandLine(), "--other is missing: which model to compare with");
        }
        Likelihoods first = measure(model.directory, model.adapter, true);
        Likelihoods second = measure(other == null ? model.directory : other, otherAdapter, false);
        WinRate rate = WinRate.of(first, second);
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("answers", rate.answers())
                    .put("wins", rate.wins())
                    .put("losses", rate.losses())
                    .put("ties", rate.ties())
                    .put("share", rate.share())
                    .put("error", rate.error())
                    .put("loss", first.meanLoss())
                    .put("otherLoss", second.meanLoss())
                    .put("device", compute.used);
            eval.console.out.println(report);
        } else {
            eval.console.out.printf(Locale.ROOT,
                    "%.1f%% ± %.1f  %,d of %,d answers are more likely, %,d less, %,d alike%n", 100 * rate.share(),
                    100 * rate.error(), rate.wins(), rate.answers(), rate.losses(), rate.ties());
            eval.console.out.printf(Locale.ROOT, "loss %.4f and %.4f nats per token%n", first.meanLoss(),
                    second.meanLoss());
        }
        return Console.DONE;
    }

    private Likelihoods measure(Path directory, Path adapter, boolean notes) throws IOException {
        Device device = compute.open();
        try (LoadedModel loaded = LoadedModel.of(model.weights.open(directory, device.options()), adapter, device)) {
            int vocab = loaded.weights.config.vocab();
            Corpus corpus = reading.load(data, reading.encoder(loaded.requireText("answers need"), vocab),
                    eval.console.err);
            if (notes) {
                DataOptions.note(corpus, eval.console.err);
            }
            List<Document> counted = corpus.documents()
                    .stream()
                    .filter(document -> document.counted(document.ids().length) > 0)
                    .toList();
            if (counted.isEmpty()) {
                throw new DataException(data + ": no answer in it; wanted conversations, or questions with answers");
            }
            WinRate.Answers answers = new WinRate.Answers(counted, loaded.weights.config.maxPositions());
            MachineMemory.check(answers.memory(loaded), loaded.weights.allocatedBytes(), "shorter conversations");
            try (ProgressMeter progress = new ProgressMeter(eval.console.err, directory.toString(), "tokens",
                    answers.tokens())) {
                return answers.measure(loaded, progress::step);
            }
        }
    }
}
