package llams.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.model.lora.LoraModel;
import llams.trainer.optim.Optimizer;

/// The programs of a training step, planned and not yet run.
///
/// @param trained the leaves that are trained
/// @param summed  leaves whose gradients are summed: those of `trained`, or what they are parts of
/// @param isFused whether `pass` updates the parameters too
/// @param pass    forward and backward over a micro-batch
/// @param update  ends the step; null if that is fused
public record StepPrograms(Llama model, List<Leaf> trained, List<Leaf> summed, boolean isFused, Program pass,
        Program update) {
    /// @param rowLength tokens of each sequence of a micro-batch; 0 if unknown
    static StepPrograms of(Objective.Models models, List<Leaf> trained, List<Leaf> summed, TrainSettings settings,
            long rowLength) {
        int tokens = settings.objective().mostTokens(settings.tokens(), settings.batch());
        Optimizer optimizer = settings.optimizer();
        boolean isFused = settings.isFused() && trained.equals(summed);
        Program pass = isFused
                ? LossProgram.updating(settings.objective(), models, tokens, settings.tokens(), rowLength, trained,
                        settings.recompute(), optimizer, 0)
                : LossProgram.training(settings.objective(), models, tokens, settings.tokens(), rowLength, summed,
                        settings.recompute());
        return new StepPrograms(models.model(), trained, summed, isFused, pass,
                isFused ? null : optimizer.update(trained, 0));
    }

    /// Of a model of which nothing is there but its shape.
    ///
    /// @param frozen    the base model's leaves; an adapter keeps them, full training has copies instead
    /// @param rowLength tokens of each sequence of a micro-batch; 0 if unknown
    public static StepPrograms of(LlamaConfig config, Parameters frozen, TrainSettings settings, long rowLength) {
        if (settings.lora() != null) {
            LoraModel lora = LoraModel.of(config, frozen, settings.lora().layout(config), Leaf.Kind.STATE);
            return of(new Objective.Models(lora.model(), Llama.of(config, frozen, Llama.Wrap.NONE)),
                    lora.adapterLeaves(), lora.adapterLeaves(), settings, rowLength);
        }
        if (settings.firstRow() > 0) {
            LastRows rows = LastRows.of(config, frozen, settings.firstRow());
            return of(new Objective.Models(rows.model(), null), rows.trained(), rows.tables(), settings, rowLength);
        }
        Map<String, Leaf> leaves = new LinkedHashMap<>();
        DType dtype = settings.optimizer().weights();
        Llama model = Llama.of(config,
                (name, dims) -> leaves.computeIfAbsent(name, key -> Leaf.state(key, dtype, dims)), Llama.Wrap.NONE);
        List<Leaf> all = List.copyOf(leaves.values());
        return of(new Objective.Models(model, null), all, all, settings, rowLength);
    }

    List<Program> all() {
        return isFused ? List.of(pass) : List.of(pass, update);
    }

    /// Fills the inputs of [#pass] for this micro-batch, as the only one of a step that changes no parameter.
    public void fillPass(Inputs inputs, MicroBatch batch, TrainSettings settings) {
        Objective objective = settings.objective();
        batch.fill(inputs);
        objective.fill(inputs, batch, objective.share(List.of(batch)));
        if (pass.leaves().contains(LoraLinear.SEED)) {
            inputs.set(LoraLinear.SEED, settings.seed(), 0);
        }
        if (isFused) {
            settings.optimizer().fill(inputs, 0, 0);
        }
    }

    /// The same of [#update].
    public void fillUpdate(Inputs inputs, TrainSettings settings) {
        settings.optimizer().fill(inputs, 0, 0);
    }
}
