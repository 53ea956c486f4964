package llams.trainer.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.Constant;
import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.PreferenceLoss;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.Sequence;
import llams.engine.preference.Answers;
import llams.engine.preference.Preference;
import llams.engine.tensor.DType;
import llams.trainer.data.PackedSequence;

/// A loss of pairs of answers. Each sequence is a pair: two documents, the chosen one first. The reference is the base
/// without its adapter, in the same memory, and computes in the same program.
public record Preferred(Preference method) implements Objective {
    /// What the log says of a step, or of held-out pairs.
    static final String CHOSEN = "rewardChosen", REJECTED = "rewardRejected", MARGIN = "rewardMargin",
            ACCURACY = "rewardAccuracy";
    /// One over the pairs, and over the tokens of the chosen answers.
    private static final Leaf SHARES = Leaf.input("shares", DType.F32, 2);

    private static Leaf answer(int tokens) {
        return Leaf.input("answer", DType.I32, tokens);
    }

    @Override
    public boolean isOfPairs() {
        return true;
    }

    @Override
    public boolean hasReference() {
        return method.hasReference();
    }

    @Override
    public int mostTokens(int tokens, int batch) {
        return tokens * batch * (method.hasMismatched() ? 4 : 2);
    }

    @Override
    public Value record(Graph g, Models models, Sequence at, int tokens, Map<String, Value> outputs) {
        List<Value> inputs = new ArrayList<>();
        Value reference = method.hasReference() ? g.untapped(() -> tokenLoss(g, models.reference(), at, tokens)) : null;
        Value tokenLoss = tokenLoss(g, models.model(), at, tokens);
        inputs.addAll(List.of(tokenLoss, LossProgram.labels(tokens), answer(tokens), SHARES));
        outputs.put("tokenLoss", tokenLoss);
        if (reference != null) {
            inputs.add(reference);
            outputs.put("referenceLoss", reference);
        }
        return g.record(new PreferenceLoss(method), inputs.toArray(Value[]::new));
    }

    private static Value tokenLoss(Graph g, Llama model, Sequence at, int tokens) {
        Value hidden = model.forward(g, Sequence.ids(tokens), at, null);
        Value one = g.record(new Constant(1));
        return model.loss(g, hidden, LossProgram.labels(tokens), one).get(LinearCrossEntropy.TOKEN_LOSS);
    }

    @Override
    public void fill(Inputs program, MicroBatch batch, Share share) {
        program.set(answer(batch.tokens()), answers(batch.sequence()));
        program.set(SHARES, (float) share.perPair(), (float) share.perToken());
    }

    /// The number of each token's document, `[tokens]`.
    private static int[] answers(PackedSequence sequence) {
        int[] answers = new int[sequence.ids().length];
        int document = -1;
        for (int t = 0; t < answers.length; t++) {
            document += sequence.documentStart()[t] == t ? 1 : 0;
            answers[t] = document;
        }
        return answers;
    }

    @Override
    public Share share(List<MicroBatch> batches) {
        int pairs = 0;
        int counted = 0;
        for (MicroBatch batch : batches) {
            int[] answers = answers(batch.sequence());
            pairs += (answers[answers.length - 1] + 1) / 2;
            for (int t = 0; t < answers.length; t++) {
                counted += answers[t] % 2 == 0 && batch.sequence().label()[t] >= 0 ? 1 : 0;
            }
        }
        return new Share(1.0 / Math.max(1, counted), 1.0 / Math.max(1, pairs));
    }

    @Override
    public MicroBatch prepared(MicroBatch batch, int positions) {
        return method.hasMismatched() ? Mismatched.added(batch, positions) : batch;
    }

    @Override
    public Tally tally(Share share) {
        return new Rewards(share);
    }

    private final class Rewards implements Tally {
        private final Share share;
        private double loss;
        private double chosen;
        private double rejected;
        private double right;
        private double pairs;

        Rewards(Share share) {
            this.share = share;
        }

        @Override
        public double[] measure(MicroBatch batch, Executable ran) {
            float[] shares = {(float) share.perPair(), (float) share.perToken()};
            float[] reference = method.hasReference() ? ran.output("referenceLoss").toFloats() : null;
            Answers answers = PreferenceLoss.answers(ran.output("tokenLoss").toFloats(), batch.sequence().label(),
                    answers(batch.sequence()), shares, reference);
            int here = answers.logp().length / (method.hasMismatched() ? 4 : 2);
            double[] measured = new double[width()];
            measured[0] = method.loss(answers, new double[answers.logp().length]);
            measured[1] = here;
            for (int pair = 0; pair < here; pair++) {
                double ofChosen = method.reward(answers, 2 * pair);
                double ofRejected = method.reward(answers, 2 * pair + 1);
                measured[2] += ofChosen;
                measured[3] += ofRejected;
                measured[4] += ofChosen > ofRejected ? 1 : 0;
            }
            return measured;
        }

        @Override
        public int width() {
            return 5;
        }

        @Override
        public void add(MicroBatch batch, double[] measured) {
            loss += measured[0];
            pairs += measured[1];
            chosen += measured[2];
            rejected += measured[3];
            right += measured[4];
        }

        @Override
        public double loss() {
            return loss;
        }

        @Override
        public Map<String, Double> measures() {
            Map<String, Double> measures = new LinkedHashMap<>();
            measures.put(CHOSEN, chosen / pairs);
            measures.put(REJECTED, rejected / pairs);
            measures.put(MARGIN, (chosen - rejected) / pairs);
            measures.put(ACCURACY, right / pairs);
            return measures;
        }
    }
}
