package llams.model.merge;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Shape;
import llams.engine.weights.LlamaWeights;
import llams.model.merge.ChatVector.Options;
import llams.model.merge.ChatVector.Vocabulary;
import llams.model.merge.parts.Floats;

/// What to do with every tensor, decided from the three headers before anything is written.
final class ChatVectorPlan {
    /// A tensor of the result.
    ///
    /// @param inBase         its name in the base model (there, a tied head is the embedding); null where it is not
    ///                       needed
    /// @param inInstruct     its name in the instruct model, likewise
    /// @param addedElements  how many elements, from the first, get the vector; the others are the tuned model's
    /// @param vocabularyRows true if its rows are tokens, so that rows of special tokens may be replaced
    record Step(String name, String inBase, String inInstruct, long addedElements, boolean vocabularyRows) {}

    private static final Set<String> VOCABULARY = Set.of(Llama.EMBEDDING, Llama.HEAD);
    /// Buffers that old programs saved too; their content follows from the config.
    private static final String BUFFER = "rotary_emb.inv_freq";

    final List<Step> steps = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    /// Notes about differences of type, each with the tensors concerned.
    private final Map<String, List<String>> otherTypes = new LinkedHashMap<>();
    private final Checkpoint base;
    private final Checkpoint instruct;
    private final Checkpoint tuned;
    private final Options options;

    private ChatVectorPlan(Checkpoint base, Checkpoint instruct, Checkpoint tuned, Options options) {
        this.base = base;
        this.instruct = instruct;
        this.tuned = tuned;
        this.options = options;
    }

    /// @throws MergeException if tensors are missing or do not fit together
    static ChatVectorPlan of(Checkpoint base, Checkpoint instruct, Checkpoint tuned, Options options)
            throws IOException {
        ChatVectorPlan plan = new ChatVectorPlan(base, instruct, tuned, options);
        for (String name : tuned.names()) {
            plan.add(name);
        }
        plan.checkLeftOut("base", base);
        plan.checkLeftOut("instruct", instruct);
        plan.checkSpecialTokens();
        if (!plan.problems.isEmpty()) {
            throw new MergeException("base " + base.path + ", instruct " + instruct.path + " and tuned " + tuned.path
                    + " do not fit together", plan.problems);
        }
        plan.otherTypes.forEach((note, names) -> plan.notes
                .add(note + " (" + names.size() + " tensors, the first is \"" + names.getFirst() + "\")"));
        return plan;
    }

    /// Rows of the result's embedding; 0 if it has none.
    long vocabulary() throws IOException {
        return rows(tuned);
    }

    /// Whether the result will have an output head that is not its embedding.
    boolean ownHead() throws IOException {
        return tuned.has(Llama.HEAD) && (LlamaWeights.hasOwnHead(tuned) || LlamaWeights.hasOwnHead(base)
                || LlamaWeights.hasOwnHead(instruct));
    }

    /// Whether the tuned and the instruct model have the same number of tokens, so that the tokenizer of one fits the
    /// other.
    boolean sameVocabulary() throws IOException {
        return rows(tuned) == rows(instruct);
    }

    private static long rows(Checkpoint model) throws IOException {
        return model.has(Llama.EMBEDDING) ? model.shape(Llama.EMBEDDING).dim(0) : 0;
    }

    private void add(String name) throws IOException {
        TensorInfo info = tuned.info(name);
        boolean rows = VOCABULARY.contains(name) && info.shape().rank() == 2 && info.shape().dim(1) <= Floats.CAPACITY;
        String inBase = located(base, name);
        String inInstruct = located(instruct, name);
        if (name.endsWith(BUFFER) || rows && options.vocabulary() == Vocabulary.SKIP) {
            steps.add(new Step(name, inBase, inInstruct, 0, rows));
            return;
        }
        if (inBase == null || inInstruct == null) {
            problems.add("\"" + name + "\" " + info.form() + " is in tuned but not in "
                    + (inBase != null ? "instruct" : inInstruct != null ? "base" : "base and instruct"));
            return;
        }
        TensorInfo baseInfo = base.info(inBase);
        TensorInfo instructInfo = instruct.info(inInstruct);
        if (!info.dtype().isWeight() || !baseInfo.dtype().isWeight() || !instructInfo.dtype().isWeight()) {
            problems.add("\"" + name + "\" is " + info.dtype() + " in tuned, " + baseInfo.dtype() + " in base, "
                    + instructInfo.dtype() + " in instruct; only F32, BF16 and F16 can be merged");
            return;
        }
        long added = addedElements(name, rows, info.shape(), baseInfo.shape(), instructInfo.shape());
        if (added >= 0) {
            steps.add(new Step(name, inBase, inInstruct, added, rows));
            noteType(name, info, "base", baseInfo);
            noteType(name, info, "instruct", instructInfo);
        }
    }

    /// How many elements get the vector; -1 if the shapes do not allow it.
    private long addedElements(String name, boolean rows, Shape shape, Shape inBase, Shape inInstruct) {
        if (shape.equals(inBase) && shape.equals(inInstruct)) {
            return shape.elements();
        }
        boolean sameWidth = rows && inBase.rank() == 2 && inInstruct.rank() == 2 && inBase.dim(1) == shape.dim(1)
                && inInstruct.dim(1) == shape.dim(1);
        String forms = "\"" + name + "\" is " + shape + " in tuned, " + inBase + " in base, " + inInstruct
                + " in instruct";
        if (sameWidth && options.vocabulary() == Vocabulary.PARTIAL) {
            long common = Math.min(shape.dim(0), Math.min(inBase.dim(0), inInstruct.dim(0)));
            notes.add(forms + ": the vector is added to the first " + common + " rows");
            return common * shape.dim(1);
        }
        problems.add(
                forms + (sameWidth ? "; vocabulary \"skip\" keeps tuned's, \"partial\" merges the common rows" : ""));
        return -1;
    }

    private void noteType(String name, TensorInfo info, String label, TensorInfo other) {
        if (other.dtype() != info.dtype()) {
            String note = label + " is " + other.dtype() + ", tuned and the result are " + info.dtype();
            otherTypes.computeIfAbsent(note, key -> new ArrayList<>()).add(name);
        }
    }

    /// The tensor's name in another model; null if it is not there.
    private static String located(Checkpoint model, String name) {
        if (model.has(name)) {
            return name;
        }
        return name.equals(Llama.HEAD) && model.has(Llama.EMBEDDING) ? Llama.EMBEDDING : null;
    }

    private void checkLeftOut(String label, Checkpoint model) throws IOException {
        for (String name : model.names()) {
            if (tuned.has(name) || name.endsWith(BUFFER)) {
                continue;
            }
            String what = "\"" + name + "\" " + model.info(name).form() + " is in " + label + " but not in tuned";
            if (!name.equals(Llama.HEAD) || !tuned.has(Llama.EMBEDDING)) {
                problems.add(what);
            } else if (options.vocabulary() == Vocabulary.SKIP || !LlamaWeights.hasOwnHead(model)) {
                notes.add(what + ", whose head is its embedding: it is left out");
            } else {
                problems.add(what + ", whose head is its embedding; vocabulary \"skip\" merges all but those");
            }
        }
    }

    private void checkSpecialTokens() throws IOException {
        boolean anywhere = false;
        for (Step step : steps) {
            if (step.vocabularyRows() && !options.specialTokens().isEmpty()) {
                anywhere = true;
                checkSpecialTokens(step);
            }
        }
        if (!anywhere && !options.specialTokens().isEmpty() && problems.isEmpty()) {
            problems.add("tuned has no \"" + Llama.EMBEDDING + "\" for the special tokens");
        }
    }

    private void checkSpecialTokens(Step step) throws IOException {
        Shape shape = tuned.shape(step.name());
        if (step.inInstruct() == null) {
            problems.add("\"" + step.name() + "\" is not in instruct, so it has no rows of special tokens");
            return;
        }
        TensorInfo from = instruct.info(step.inInstruct());
        if (!from.dtype().isWeight() || from.shape().rank() != 2 || from.shape().dim(1) != shape.dim(1)) {
            problems.add("\"" + step.name() + "\" is " + from.form() + " in instruct, whose rows do not fit " + shape
                    + " in tuned");
            return;
        }
        for (Map.Entry<Integer, Integer> token : options.specialTokens().entrySet()) {
            if (token.getKey() < 0 || token.getKey() >= shape.dim(0)) {
                problems.add("special token " + token.getKey() + " is not among the " + shape.dim(0)
                        + " rows of tuned's \"" + step.name() + "\"");
            }
            if (token.getValue() < 0 || token.getValue() >= from.shape().dim(0)) {
                problems.add("special token " + token.getValue() + " is not among the " + from.shape().dim(0)
                        + " rows of instruct's \"" + step.inInstruct() + "\"");
            }
        }
    }
}
