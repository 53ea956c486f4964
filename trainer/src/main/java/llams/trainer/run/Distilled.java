package llams.trainer.run;

import static llams.model.files.SettingException.atLeast;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.Result;
import llams.engine.graph.TopTokens;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.tensor.DType;
import llams.model.files.SettingException;
import llams.trainer.data.TeacherTokens;

/// The usual loss, mixed with how far the model is from a teacher's probabilities: the mean of both over all counted
/// tokens of a step; see [LinearDistillation].
///
/// @param ratio       share of the teacher, above 0 to 1
/// @param temperature at which both models' probabilities are compared
/// @param count       of the teacher's most likely tokens, at every place
/// @param teacher     computes in the same program; null if what it says comes with the data
public record Distilled(double ratio, double temperature, int count, Llama teacher) implements Objective {
    public static final double RATIO = 0.5;
    public static final double TEMPERATURE = 1;
    public static final int COUNT = 64;
    /// What the log says of a step, or of held-out data.
    static final String CROSS_ENTROPY = "crossEntropy", DIVERGENCE = "teacherDivergence";

    /// @throws SettingException if a number is out of its range
    public Distilled {
        SettingException.check(ratio > 0 && ratio <= 1, "distillRatio", ratio, "above 0, up to 1");
        SettingException.check(temperature > 0 && Double.isFinite(temperature), "distillTemperature", temperature,
                "above 0");
        atLeast("teacherTop", 1, count);
    }

    Distilled withTeacher(Llama model) {
        return new Distilled(ratio, temperature, count, model);
    }

    private Leaf ids(int tokens) {
        return Leaf.input("teacherIds", DType.I32, tokens, count);
    }

    private Leaf logp(int tokens) {
        return Leaf.input("teacherLogp", DType.F32, tokens, count);
    }

    @Override
    public Value record(Graph g, Models models, Sequence at, int tokens, Map<String, Value> outputs) {
        List<? extends Value> said = teacher == null
                ? List.of(ids(tokens), logp(tokens))
                : topTokens(g, teacher, at, tokens, count, temperature);
        Value hidden = models.model().forward(g, Sequence.ids(tokens), at, null);
        List<Result> loss = g.recordNode(new LinearDistillation(ratio, temperature), hidden,
                models.model().head().weight(g), LossProgram.labels(tokens), LossProgram.SCALE, said.get(TopTokens.IDS),
                said.get(TopTokens.LOGP)).results;
        outputs.put(CROSS_ENTROPY, loss.get(LinearDistillation.CROSS_ENTROPY));
        outputs.put(DIVERGENCE, loss.get(LinearDistillation.DIVERGENCE));
        return loss.getFirst();
    }

    /// What a teacher finds most likely.
    static List<Result> topTokens(Graph g, Llama teacher, Sequence at, int tokens, int count, double temperature) {
        // Its heads and angles may be others.
        Leaf angles = Teacher.own(RopeTable.leaf(teacher.config(), Math.toIntExact(at.rope().dim(0))));
        Sequence own = new Sequence(at.position(), at.first(), at.last(), angles, at.rowLength());
        Value hidden = g.untapped(() -> teacher.forward(g, Sequence.ids(tokens), own, null));
        return g.recordNode(new TopTokens(count, temperature), hidden, teacher.head().weight(g),
                LossProgram.labels(tokens)).results;
    }

    @Override
    public void fill(Inputs program, MicroBatch batch, Share share) {
        program.set(LossProgram.SCALE, (float) share.perToken());
        TeacherTokens said = batch.sequence().teacher();
        if (teacher == null) {
            program.set(ids(batch.tokens()), said.ids());
            program.set(logp(batch.tokens()), said.logp());
        }
    }

    @Override
    public Share share(List<MicroBatch> batches) {
        return new NextToken().share(batches);
    }

    @Override
    public Tally tally(Share share) {
        return new Means();
    }

    private final class Means implements Tally {
        private double crossEntropy;
        private double divergence;
        private long counted;

        @Override
        public double[] measure(MicroBatch batch, Executable ran) {
            return new double[] {Objective.sum(ran, CROSS_ENTROPY), Objective.sum(ran, DIVERGENCE)};
        }

        @Override
        public int width() {
            return 2;
        }

        @Override
        public void add(MicroBatch batch, double[] measured) {
            crossEntropy += measured[0];
            divergence += measured[1];
            counted += batch.countedTokens();
        }

        private double mean(double sum) {
            return sum / Math.max(1, counted);
        }

        @Override
        public double loss() {
            return (1 - ratio) * mean(crossEntropy) + ratio * temperature * temperature * mean(divergence);
        }

        @Override
        public Map<String, Double> measures() {
            Map<String, Double> measures = new LinkedHashMap<>();
            measures.put(CROSS_ENTROPY, mean(crossEntropy));
            measures.put(DIVERGENCE, mean(divergence));
            return measures;
        }
    }
}
