package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// How long documents are, in tokens.
public final class DocumentLengths {
    /// Documents of `from` to `to` tokens.
    public record Bucket(long from, long to, int documents, long tokens) {}

    private final int[] sorted;

    /// @param documents one or more
    public DocumentLengths(List<Document> documents) {
        Documents known = Documents.of(documents);
        sorted = IntStream.range(0, known.size()).map(known::tokens).sorted().toArray();
    }

    /// The length that a share `quantile` of the documents does not exceed: 0.5 gives the median, 1 the longest.
    public int quantile(double quantile) {
        return sorted[Math.max(0, (int) Math.ceil(quantile * sorted.length) - 1)];
    }

    /// Documents by length, each bucket from a power of two plus one to the next, from the first that is not empty to
    /// the last.
    public List<Bucket> histogram() {
        List<Bucket> buckets = new ArrayList<>();
        int at = 0;
        for (long to = Math.max(1, Integer.highestOneBit(sorted[0])); at < sorted.length; to *= 2) {
            int first = at;
            while (at < sorted.length && sorted[at] <= to) {
                at++;
            }
            if (at > 0) {
                buckets.add(
                        new Bucket(to / 2 + 1, to, at - first, Arrays.stream(sorted, first, at).asLongStream().sum()));
            }
        }
        return buckets;
    }
}
