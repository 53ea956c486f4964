package llams.trainer.run;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import llams.engine.graph.Inputs;
import llams.engine.llama.NoisyTable;
import llams.engine.llama.Sequence;
import llams.trainer.data.Sequences;
import llams.trainer.data.PackedSequence;

/// One micro-batch: packed sequences laid end to end as a flat list of tokens.
///
/// @param sequence  all of them as one
/// @param rowLength tokens of each of them if they are all alike, but for a shorter last one; else 0
public record MicroBatch(PackedSequence sequence, long rowLength) {
    public static MicroBatch of(List<PackedSequence> sequences) {
        int length = sequences.getFirst().ids().length;
        boolean alike = sequences.subList(0, sequences.size() - 1).stream().allMatch(one -> one.ids().length == length)
                && sequences.getLast().ids().length <= length;
        return new MicroBatch(PackedSequence.concat(sequences), alike ? length : 0);
    }

    /// All sequences in their order, `size` to a batch. A batch is made each time that it is asked for.
    public static List<MicroBatch> all(Sequences data, int size) {
        return new AbstractList<>() {
            @Override
            public int size() {
                return Math.ceilDiv(data.size(), size);
            }

            @Override
            public MicroBatch get(int batch) {
                int from = batch * size;
                return of(IntStream.range(from, Math.min(data.size(), from + size)).mapToObj(data::sequence).toList());
            }
        };
    }

    /// Each sequence as a batch of its own, made when it is asked for.
    public static Stream<MicroBatch> each(Iterable<PackedSequence> sequences) {
        return StreamSupport.stream(sequences.spliterator(), false).map(sequence -> of(List.of(sequence)));
    }

    public int tokens() {
        return sequence.ids().length;
    }

    /// Tokens that the loss counts.
    public int countedTokens() {
        return sequence.counted();
    }

    /// The largest noise of each token, which falls with the length of its document.
    float[] bounds(NoisyTable table, int dim) {
        float[] bounds = new float[tokens()];
        for (int from = 0, to; from < bounds.length; from = to) {
            to = from;
            while (to < bounds.length && sequence.documentStart()[to] == sequence.documentStart()[from]) {
                to++;
            }
            Arrays.fill(bounds, from, to, table.bound(dim, to - from));
        }
        return bounds;
    }

    /// Fills the inputs that every program of [LossProgram] has.
    void fill(Inputs program) {
        int[] last = new int[tokens()];
        Arrays.setAll(last, t -> t);
        Sequence.fill(program, sequence.ids(), sequence.position(), sequence.documentStart(), last);
        program.set(LossProgram.labels(tokens()), sequence.label());
    }
}
