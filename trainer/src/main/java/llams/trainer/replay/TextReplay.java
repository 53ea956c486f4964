package llams.trainer.replay;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.Value;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.text.LoadedModel;
import llams.trainer.data.PackedSequence;

/// A text that a model reads or wrote, computed once more and looked at.
public final class TextReplay {
    private TextReplay() {}

    /// @param ids    prompt and continuation
    /// @param prompt how many of them are the prompt
    /// @param tokens that are looked at closely, the first
    public static Replayed of(LoadedModel model, String name, int[] ids, int prompt, int tokens) {
        PackedSequence sequence = sequence(ids);
        Window window = new Window(0, Math.min(tokens, ids.length));
        PassRecorder pass = new PassRecorder(model.weights.config, sequence, window);
        float[] losses = run(model, sequence, pass);
        TokenTexts texts = new TokenTexts(model.text == null ? null : model.text.tokenizer());
        try (Lens lens = new Lens(model.model, model.resident)) {
            Lens.View view = lens.of(model.device, pass.residual, Arrays.copyOf(sequence.label(), window.tokens()));
            double loss = 0;
            for (float one : losses) {
                loss += one;
            }
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("tokens", String.format(Locale.ROOT, "%,d, of which %,d were given", ids.length, prompt));
            facts.put("mean loss", String.format(Locale.ROOT, "%.4f", loss / Math.max(1, ids.length - 1)));
            return new Replayed(name, facts, model.weights.config, sequence, window,
                    StepRecorder.documents(sequence, window),
                    List.of(new Replayed.Document("", ids.length, ids.length - 1, loss,
                            String.join("", texts.all(Arrays.copyOf(ids, Math.min(ids.length, 60)))))),
                    false, pass, view, null, texts);
        }
    }

    private static PackedSequence sequence(int[] ids) {
        int[] position = new int[ids.length];
        Arrays.setAll(position, t -> t);
        int[] label = Arrays.copyOfRange(ids, 1, ids.length + 1);
        label[ids.length - 1] = -1;
        return new PackedSequence(ids, position, new int[ids.length], label);
    }

    private static float[] run(LoadedModel model, PackedSequence sequence, PassRecorder pass) {
        int tokens = sequence.ids().length;
        Leaf labels = Leaf.input("labels", DType.I32, tokens);
        Graph g = new Graph();
        Value hidden = model.model.forward(g, Sequence.ids(tokens),
                Sequence.of(model.weights.config, tokens, tokens, tokens), null);
        Value loss = model.model.loss(g, hidden, labels, Leaf.input("scale", DType.F32, 1))
                .get(LinearCrossEntropy.TOKEN_LOSS);
        Map<String, Tensor> resident = new LinkedHashMap<>(model.resident);
        try (Arena arena = Arena.ofShared()) {
            resident.put(RopeTable.NAME, RopeTable.create(arena, model.weights.config, tokens));
            try (Session session = model.device.open(resident)) {
                Executable forward = session.compile(Program.of(g, Map.of("loss", loss)));
                Sequence.fill(forward, sequence.ids(), 0);
                forward.set(labels, sequence.label());
                session.observe(pass);
                forward.run();
                return forward.output("loss").toFloats();
            }
        }
    }
}
