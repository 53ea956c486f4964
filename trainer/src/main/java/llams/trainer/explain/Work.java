package llams.trainer.explain;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import llams.engine.generate.Generator;
import llams.engine.graph.Inputs;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.llama.Sequence;
import llams.engine.llama.Wanted;
import llams.engine.plan.Program;
import llams.trainer.measure.RandomModel;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.StepPrograms;
import llams.trainer.run.TrainSettings;

/// What is to be explained: one or more programs of a model.
///
/// @param title what they do together
public record Work(String title, LlamaConfig config, List<Part> parts) {
    /// @param name what the program does
    /// @param fill sets its inputs to something that can be computed with
    public record Part(String name, Program program, Consumer<Inputs> fill) {}

    /// Reading a prompt. A long one is read in parts, of which this is the first.
    public static Work prompt(LlamaConfig config, Parameters weights, int tokens) {
        Llama model = Llama.of(config, weights, Llama.Wrap.NONE);
        Program program = Generator.program(model, tokens, tokens);
        int together = program.leaves()
                .stream()
                .filter(leaf -> leaf.name().equals(Sequence.ids(1).name()))
                .mapToInt(leaf -> (int) leaf.dim(0))
                .sum();
        String title = together < tokens
                ? String.format(Locale.ROOT, "Reading the first %,d of %,d tokens", together, tokens)
                : String.format(Locale.ROOT, "Reading %,d tokens", tokens);
        return new Work(title, config, List.of(new Part("prompt", program, inputs -> {
            Sequence.fill(inputs, RandomModel.ids(together, config.vocab()), 0);
            if (together > 1) {
                Wanted.fill(inputs, together - 1, together - 1);
            }
        })));
    }

    /// Writing one token after others.
    ///
    /// @param tokens of the sequence, with the new one
    public static Work token(LlamaConfig config, Parameters weights, int tokens) {
        Llama model = Llama.of(config, weights, Llama.Wrap.NONE);
        return new Work(String.format(Locale.ROOT, "Writing token %,d of a sequence", tokens), config,
                List.of(new Part("token", Generator.program(model, tokens, 1),
                        inputs -> Sequence.fill(inputs, RandomModel.ids(1, config.vocab()), tokens - 1))));
    }

    /// A training step with one micro-batch.
    ///
    /// @param weights  of the model as it is stored
    /// @param settings `batch` sequences of `tokens` tokens
    public static Work step(LlamaConfig config, Parameters weights, TrainSettings settings) {
        StepPrograms programs = StepPrograms.of(config, weights, settings, settings.tokens());
        MicroBatch batch = RandomModel.batch(settings, config.vocab(), 1);
        Part pass = new Part(programs.isFused() ? "forward, backward and update" : "forward and backward",
                programs.pass(), inputs -> programs.fillPass(inputs, batch, settings));
        List<Part> parts = programs.isFused()
                ? List.of(pass)
                : List.of(pass, new Part("update", programs.update(), inputs -> programs.fillUpdate(inputs, settings)));
        String what = settings.lora() == null ? "every weight" : "an adapter of rank " + settings.lora().rank();
        return new Work(String.format(Locale.ROOT, "A training step of %s on %s%,d tokens", what,
                settings.batch() == 1 ? "" : settings.batch() + " x ", settings.tokens()), config, parts);
    }
}
