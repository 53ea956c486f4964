package llams.trainer.run;

import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Result;
import llams.engine.graph.Value;
import llams.engine.llama.Sequence;

/// The usual loss: how unlikely each counted token was, the mean over all of a step.
public record NextToken() implements Objective {
    @Override
    public Value record(Graph g, Models models, Sequence at, int tokens, Map<String, Value> outputs) {
        Value hidden = models.model().forward(g, Sequence.ids(tokens), at, null);
        List<Result> loss = models.model().loss(g, hidden, LossProgram.labels(tokens), LossProgram.SCALE);
        outputs.put("tokenLoss", loss.get(1));
        return loss.getFirst();
    }

    @Override
    public void fill(Inputs program, MicroBatch batch, Share share) {
        program.set(LossProgram.SCALE, (float) share.perToken());
    }

    @Override
    public Share share(List<MicroBatch> batches) {
        long counted = batches.stream().mapToLong(MicroBatch::countedTokens).sum();
        return new Share(1.0 / Math.max(1, counted), 0);
    }

    @Override
    public Tally tally(Share share) {
        return new Tally() {
            private double sum;
            private long counted;

            @Override
            public double[] measure(MicroBatch batch, Executable ran) {
                return new double[] {Objective.sum(ran, "tokenLoss")};
            }

            @Override
            public int width() {
                return 1;
            }

            @Override
            public void add(MicroBatch batch, double[] measured) {
                sum += measured[0];
                counted += batch.countedTokens();
            }

            @Override
            public double loss() {
                return sum / Math.max(1, counted);
            }
        };
    }
}
