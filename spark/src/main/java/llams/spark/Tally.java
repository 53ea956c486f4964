package llams.spark;

import llams.trainer.wiki.KowikiText;
import org.apache.spark.util.AccumulatorV2;

/// What became of the pages that all tasks have read. Spark counts a task that writes a result once, however often it is
/// tried.
final class Tally extends AccumulatorV2<KowikiText.Counts, KowikiText.Counts> {
    private static final long serialVersionUID = 1;

    private KowikiText.Counts counts = KowikiText.Counts.NONE;

    @Override
    public boolean isZero() {
        return counts.equals(KowikiText.Counts.NONE);
    }

    @Override
    public Tally copy() {
        Tally copy = new Tally();
        copy.counts = counts;
        return copy;
    }

    @Override
    public void reset() {
        counts = KowikiText.Counts.NONE;
    }

    @Override
    public void add(KowikiText.Counts more) {
        counts = counts.plus(more);
    }

    @Override
    public void merge(AccumulatorV2<KowikiText.Counts, KowikiText.Counts> other) {
        counts = counts.plus(other.value());
    }

    @Override
    public KowikiText.Counts value() {
        return counts;
    }
}
