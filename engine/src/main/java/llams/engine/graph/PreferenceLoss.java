package llams.engine.graph;

import java.util.Arrays;
import java.util.List;
import llams.engine.preference.Answers;
import llams.engine.preference.Preference;
import llams.engine.tensor.Tensor;

/// The loss of pairs of answers. It looks at a few numbers for each answer, so every device computes it on the host, in
/// double precision.
///
/// Inputs: `tokenLoss` F32 `[tokens]`, as [LinearCrossEntropy] gives it; `labels` I32 `[tokens]`, negative where a token
/// does not count; `answer` I32 `[tokens]`, which answer it belongs to, see [Answers]; `shares` F32 `[2]`,
/// [Answers#perPair] and [Answers#perToken]; if the method has a reference, its `referenceLoss` F32 `[tokens]`. Results:
/// `loss` `[1]`, and its derivative for the loss of each token, `[tokens]`.
public record PreferenceLoss(Preference method) implements Differentiable {
    public static final int TOKEN_LOSS = 0, LABELS = 1, ANSWER = 2, SHARES = 3, REFERENCE_LOSS = 4;
    public static final int LOSS = 0, DTOKEN_LOSS = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value tokenLoss = inputs.get(TOKEN_LOSS);
        Require.f32("preference loss", "tokenLoss", tokenLoss, 1);
        Require.ints("preference loss", "labels", inputs.get(LABELS), tokenLoss.dim(0));
        Require.ints("preference loss", "answer", inputs.get(ANSWER), tokenLoss.dim(0));
        Require.type("preference loss", "shares", inputs.get(SHARES), TensorType.f32(2));
        Require.that(inputs.size() == (method.hasReference() ? REFERENCE_LOSS + 1 : REFERENCE_LOSS),
                "preference loss: %s has %d inputs", method, inputs.size());
        if (method.hasReference()) {
            Require.same("preference loss", "tokenLoss", tokenLoss, "referenceLoss", inputs.get(REFERENCE_LOSS));
        }
        return List.of(TensorType.f32(1), tokenLoss.type());
    }

    @Override
    public void gradient(Backward at) {
        Require.that(at.upstream() instanceof Result seed && seed.node.op.equals(new Constant(1)),
                "preference loss: it must be the loss that is differentiated, not part of another");
        at.add(TOKEN_LOSS, at.result(DTOKEN_LOSS));
    }

    /// What every device does.
    public void run(Tensor[] in, Tensor[] out) {
        Answers answers = answers(in[TOKEN_LOSS].toFloats(), ints(in[LABELS]), ints(in[ANSWER]), in[SHARES].toFloats(),
                method.hasReference() ? in[REFERENCE_LOSS].toFloats() : null);
        double[] gradient = new double[answers.logp().length];
        out[LOSS].setFloat(0, (float) method.loss(answers, gradient));
        for (int t = 0; t < in[ANSWER].dim(0); t++) {
            out[DTOKEN_LOSS].setFloat(t, (float) -gradient[in[ANSWER].getInt(t)]);
        }
    }

    private static int[] ints(Tensor tensor) {
        int[] values = new int[tensor.dim(0)];
        Arrays.setAll(values, tensor::getInt);
        return values;
    }

    /// @param referenceLoss null where there is none
    public static Answers answers(float[] tokenLoss, int[] labels, int[] answer, float[] shares,
            float[] referenceLoss) {
        int count = answer.length == 0 ? 0 : answer[answer.length - 1] + 1;
        double[] logp = new double[count];
        double[] reference = referenceLoss == null ? null : new double[count];
        int[] tokens = new int[count];
        for (int t = 0; t < answer.length; t++) {
            if (labels[t] >= 0) {
                tokens[answer[t]]++;
                logp[answer[t]] -= tokenLoss[t];
                if (reference != null) {
                    reference[answer[t]] -= referenceLoss[t];
                }
            }
        }
        return new Answers(logp, reference, tokens, shares[0], shares[1]);
    }
}
