package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.engine.tensor.CounterRandom;
import llams.model.files.SettingException;

/// Several sources, each with a weight. An epoch has as many sequences as all sources together, N; of these a source with
/// weight w has w / W N, where W is the sum of all weights, rounded so that their sum is N. Each source is passed over
/// and over, in another order each time, and in the next epoch a pass goes on where it was: no sequence of a source comes
/// again before all others of it have come. All this depends on the seed and the epoch alone.
public final class MixedSequences implements Sequences {
    private final List<Sequences> sources;
    private final List<Double> weights;
    /// Source i has the sequences `start[i]` to `start[i + 1] - 1`.
    private final int[] start;
    /// How many of an epoch's sequences are from source i.
    private final int[] share;

    /// @param weights above 0, one for each source
    /// @throws SettingException if a source has so little weight that it is in no epoch
    public MixedSequences(List<Sequences> sources, List<Double> weights) {
        this.sources = List.copyOf(sources);
        this.weights = List.copyOf(weights);
        start = new int[sources.size() + 1];
        for (int i = 0; i < sources.size(); i++) {
            start[i + 1] = Math.addExact(start[i], sources.get(i).size());
        }
        share = shares(size(), weights);
        for (int i = 0; i < share.length; i++) {
            SettingException.check(share[i] > 0, "dataWeights", weights.get(i),
                    "larger, as an epoch has " + size() + " sequences and this is a share of less than one");
        }
    }

    /// `total` in whole numbers as near to the weights as can be: what rounding down leaves goes to those that lost most.
    private static int[] shares(int total, List<Double> weights) {
        double sum = weights.stream().mapToDouble(Double::doubleValue).sum();
        double[] exact = weights.stream().mapToDouble(weight -> total * (weight / sum)).toArray();
        int[] shares = Arrays.stream(exact).mapToInt(share -> (int) share).toArray();
        List<Integer> most = IntStream.range(0, exact.length)
                .boxed()
                .sorted((a, b) -> Double.compare(exact[b] - shares[b], exact[a] - shares[a]))
                .toList();
        int left = total - Arrays.stream(shares).sum();
        for (int i = 0; i < left; i++) {
            shares[most.get(i)]++;
        }
        return shares;
    }

    @Override
    public int[] ofEpoch(long seed, int epoch) {
        int[] sequences = new int[size()];
        int at = 0;
        for (int i = 0; i < share.length; i++) {
            int size = sources.get(i).size();
            int pass = -1;
            int[] order = null;
            for (long next = (long) epoch * share[i]; next < (epoch + 1L) * share[i]; next++) {
                if (pass != (int) (next / size)) {
                    pass = (int) (next / size);
                    // Epochs themselves have the streams from 0 on.
                    order = DataLoader.shuffled(size, seed, (i + 1L) << 32 | pass);
                }
                sequences[at++] = start[i] + order[(int) (next % size)];
            }
        }
        return sequences;
    }

    private int source(int index) {
        int found = Arrays.binarySearch(start, index);
        return found >= 0 ? found : -found - 2;
    }

    /// The weights as one text.
    public String weights() {
        return weights.stream()
                .map(weight -> weight == Math.rint(weight)
                        ? String.valueOf((long) (double) weight)
                        : String.valueOf(weight))
                .collect(Collectors.joining(","));
    }

    /// A line about each source.
    ///
    /// @param names what messages call the sources
    public List<String> notes(List<DataSource> names) {
        List<String> notes = new ArrayList<>();
        for (int i = 0; i < share.length; i++) {
            int size = sources.get(i).size();
            notes.add(String.format(Locale.ROOT, "%s: %,d sequences in each epoch, %.3g times its %,d", names.get(i),
                    share[i], (double) share[i] / size, size));
        }
        return notes;
    }

    @Override
    public DataStatistics statistics() {
        return sources.stream().map(Sequences::statistics).reduce(DataStatistics::plus).orElseThrow();
    }

    @Override
    public int size() {
        return start[sources.size()];
    }

    @Override
    public int tokens(int index) {
        int i = source(index);
        return sources.get(i).tokens(index - start[i]);
    }

    @Override
    public PackedSequence sequence(int index) {
        int i = source(index);
        return sources.get(i).sequence(index - start[i]);
    }

    @Override
    public List<String> origins(int index) {
        int i = source(index);
        return sources.get(i).origins(index - start[i]);
    }

    @Override
    public long fingerprint() {
        long hash = size();
        for (int i = 0; i < share.length; i++) {
            hash = new CounterRandom(hash, share[i]).bits(sources.get(i).fingerprint());
        }
        return hash;
    }
}
