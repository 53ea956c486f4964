package llams.model.merge;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.weights.LlamaWeights;

/// What becomes of every tensor of a merge, decided from the headers before any result is written. The result has the
/// tensors of one of the models, the reference.
final class ModelMergePlan {
    /// A tensor of the result.
    ///
    /// @param info   of the result
    /// @param inputs its name in each model (there, a tied head is the embedding); empty if it is copied
    record Step(TensorInfo info, List<String> inputs) {}

    /// Buffers that old programs saved along: what they hold follows from the config.
    private static final String BUFFER = "rotary_emb.inv_freq";

    final List<Step> steps = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final List<Checkpoint> models;
    private final Checkpoint reference;
    /// Where the tensors of the result lie.
    final Depths depths;
    /// Whether the result has an output head that is not its embedding.
    final boolean ownHead;

    private ModelMergePlan(List<Checkpoint> models, Checkpoint reference) throws IOException {
        this.models = models;
        this.reference = reference;
        depths = Depths.of(reference.names());
        boolean any = false;
        for (Checkpoint model : models) {
            any |= LlamaWeights.hasOwnHead(model);
        }
        ownHead = any && reference.has(Llama.HEAD);
    }

    /// @param dtype of the result; null for the reference's
    /// @throws MergeException if tensors are missing or do not fit together
    static ModelMergePlan of(List<Checkpoint> models, Checkpoint reference, DType dtype) throws IOException {
        ModelMergePlan plan = new ModelMergePlan(models, reference);
        for (String name : reference.names()) {
            // A head that is the embedding is not merged twice.
            if (!name.equals(Llama.HEAD) || plan.ownHead || !reference.has(Llama.EMBEDDING)) {
                plan.add(name, dtype);
            }
        }
        for (Checkpoint model : models) {
            plan.checkLeftOut(model);
        }
        if (!plan.problems.isEmpty()) {
            List<String> paths = models.stream().map(model -> model.path.toString()).toList();
            throw new MergeException(String.join(", ", paths) + " do not fit together", plan.problems);
        }
        return plan;
    }

    private void add(String name, DType dtype) throws IOException {
        TensorInfo info = reference.info(name);
        if (name.endsWith(BUFFER)) {
            steps.add(new Step(info, List.of()));
            return;
        }
        List<String> inputs = new ArrayList<>();
        Set<String> types = new TreeSet<>();
        for (Checkpoint model : models) {
            String found = located(model, name);
            if (found == null) {
                problems.add(
                        "\"" + name + "\" " + info.form() + " is in " + reference.path + " but not in " + model.path);
                return;
            }
            TensorInfo other = model.info(found);
            if (!other.dtype().isWeight()) {
                problems.add("\"" + name + "\" is " + other.dtype() + " in " + model.path
                        + "; only F32, BF16 and F16 can be merged");
                return;
            }
            if (!other.shape().equals(info.shape())) {
                problems.add("\"" + name + "\" is " + info.shape() + " in " + reference.path + ", " + other.shape()
                        + " in " + model.path
                        + (Set.of(Llama.EMBEDDING, Llama.HEAD).contains(name)
                                ? "; models of different vocabularies can only be merged as a chat vector that"
                                        + " leaves them out"
                                : ""));
                return;
            }
            types.add(other.dtype().name());
            inputs.add(found);
        }
        DType type = dtype == null ? info.dtype() : dtype;
        if (types.size() > 1 && notes.isEmpty()) {
            notes.add("the models have different types (" + String.join(", ", types) + "); \"" + name + "\" is " + type
                    + " in the result");
        }
        steps.add(new Step(new TensorInfo(name, type, info.shape()), inputs));
    }

    /// The tensor's name in another model; null if it is not there.
    private static String located(Checkpoint model, String name) {
        if (model.has(name)) {
            return name;
        }
        return name.equals(Llama.HEAD) && model.has(Llama.EMBEDDING) ? Llama.EMBEDDING : null;
    }

    private void checkLeftOut(Checkpoint model) throws IOException {
        for (String name : model.names()) {
            boolean isTiedHead = name.equals(Llama.HEAD) && !ownHead && !LlamaWeights.hasOwnHead(model);
            if (!reference.has(name) && !name.endsWith(BUFFER) && !isTiedHead) {
                problems.add("\"" + name + "\" " + model.info(name).form() + " is in " + model.path + " but not in "
                        + reference.path);
            }
        }
    }
}
