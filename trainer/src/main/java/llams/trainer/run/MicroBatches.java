package llams.trainer.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import llams.trainer.data.DataLoader;
import llams.trainer.data.Sequences;

/// The micro-batches of each step.
record MicroBatches(Sequences data, TrainSettings settings, DataLoader loader) {
    /// The numbers of a step's sequences: `accumulate * batch` of them, or what is left of the epoch. The longest come
    /// first: so the one short sequence of a text stands behind those of equal length, where it does not hide from
    /// [MicroBatch#rowLength] that they are.
    int[] next() {
        int sequences = (int) Math.min((long) settings.accumulate() * settings.batch(), loader.left());
        return IntStream.range(0, sequences)
                .mapToObj(i -> loader.next())
                .sorted(Comparator.comparingInt(sequence -> -data.tokens(sequence)))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /// Micro-batches of these sequences.
    List<MicroBatch> of(int[] sequences) {
        List<MicroBatch> batches = new ArrayList<>();
        for (int from = 0; from < sequences.length; from += settings.batch()) {
            int to = Math.min(sequences.length, from + settings.batch());
            batches.add(MicroBatch.of(Arrays.stream(sequences, from, to).mapToObj(data::sequence).toList()));
        }
        return batches;
    }

    /// The documents of a micro-batch, or of all with [NonFiniteLossException#EVERY_BATCH], each as its `file:line`.
    List<String> documents(int[] sequences, int batch) {
        boolean every = batch == NonFiniteLossException.EVERY_BATCH;
        int from = every ? 0 : batch * settings.batch();
        int to = every ? sequences.length : Math.min(sequences.length, from + settings.batch());
        return Arrays.stream(sequences, from, to).mapToObj(data::origins).flatMap(List::stream).distinct().toList();
    }
}
