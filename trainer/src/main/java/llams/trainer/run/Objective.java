package llams.trainer.run;

import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.Sequence;

/// What a run minimises: a loss that is recorded once, and how the losses of micro-batches make that of a step. The
/// steps, and all around them, are the same for every objective.
public sealed interface Objective permits NextToken, Preferred, Distilled {
    /// Records the loss of a micro-batch, a `[1]`.
    ///
    /// @param tokens  of the micro-batch
    /// @param outputs gets what the program is to give besides its loss
    Value record(Graph g, Models models, Sequence at, int tokens, Map<String, Value> outputs);

    /// Fills the inputs of that loss.
    void fill(Inputs program, MicroBatch batch, Share share);

    /// What one token and one pair count in the loss of a step of these micro-batches.
    Share share(List<MicroBatch> batches);

    /// A tally of a step, or of a measurement.
    Tally tally(Share share);

    /// A micro-batch with all that the loss looks at.
    ///
    /// @param positions the most tokens of a document
    default MicroBatch prepared(MicroBatch batch, int positions) {
        return batch;
    }

    /// The most tokens of a micro-batch of `batch` sequences of `tokens`.
    default int mostTokens(int tokens, int batch) {
        return tokens * batch;
    }

    /// Whether what is trained on are pairs of answers.
    default boolean isOfPairs() {
        return false;
    }

    /// Whether a pass computes the reference too.
    default boolean hasReference() {
        return false;
    }

    /// The sum of an output's numbers.
    static double sum(Executable ran, String output) {
        double sum = 0;
        for (float number : ran.output(output).toFloats()) {
            sum += number;
        }
        return sum;
    }

    /// The model that learns.
    ///
    /// @param reference the model as it was before, whose weights stand still; null if there is none
    record Models(Llama model, Llama reference) {}

    /// @param perToken one over the counted tokens of a step, of its chosen answers if it has pairs
    /// @param perPair  one over its pairs
    record Share(double perToken, double perPair) {}

    /// Adds up what programs say.
    interface Tally {
        /// What the program of a batch says after its run: as many numbers for every batch.
        double[] measure(MicroBatch batch, Executable ran);

        /// How many numbers [#measure] gives.
        int width();

        /// Adds what was measured of a batch.
        void add(MicroBatch batch, double[] measured);

        /// The loss so far.
        double loss();

        /// More numbers, by the names that the log has for them.
        default Map<String, Double> measures() {
            return Map.of();
        }
    }
}
