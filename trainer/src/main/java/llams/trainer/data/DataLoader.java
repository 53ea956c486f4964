package llams.trainer.data;

import java.util.stream.IntStream;
import llams.engine.tensor.CounterRandom;

/// Sequences in the order of training, epoch after epoch without end. Which ones an epoch has, and in which order, depends
/// on the seed and the epoch alone, so a resumed run continues exactly as if it had never stopped.
public final class DataLoader {
    /// The place in the data: the next sequence is number `index` of epoch `epoch`, both from 0.
    public record Position(int epoch, int index) {
        public static final Position START = new Position(0, 0);
    }

    private final Sequences data;
    private final long seed;
    private final boolean shuffle;
    private int[] order;
    private int orderEpoch = -1;
    private Position position = Position.START;

    /// @param shuffle false: every epoch in the order of the files
    public DataLoader(Sequences data, long seed, boolean shuffle) {
        this.data = data;
        this.seed = seed;
        this.shuffle = shuffle;
    }

    public Position position() {
        return position;
    }

    /// @throws IllegalArgumentException if the data has no such place
    public void seek(Position target) {
        if (target.epoch < 0 || target.index < 0 || target.index >= data.size()) {
            throw new IllegalArgumentException("there is no " + target + " in " + data.size()
                    + " sequences; has the data changed since the save?");
        }
        position = target;
    }

    /// How many sequences of the current epoch are left, at least 1.
    public int left() {
        return data.size() - position.index;
    }

    /// The number of the sequence at [#position()], which moves on to the next.
    public int next() {
        if (orderEpoch != position.epoch) {
            order = order(position.epoch);
            orderEpoch = position.epoch;
        }
        int sequence = order[position.index];
        boolean last = position.index + 1 == data.size();
        position = last ? new Position(position.epoch + 1, 0) : new Position(position.epoch, position.index + 1);
        return sequence;
    }

    private int[] order(int epoch) {
        int[] sequences = data.ofEpoch(seed, epoch);
        return shuffle ? shuffled(sequences, seed, epoch) : sequences;
    }

    /// The numbers below `size` in an order that `seed` and `stream` decide: Fisher and Yates's shuffle with a fresh
    /// number for each (seed, stream, place).
    public static int[] shuffled(int size, long seed, long stream) {
        return shuffled(IntStream.range(0, size).toArray(), seed, stream);
    }

    /// Shuffles in place.
    private static int[] shuffled(int[] numbers, long seed, long stream) {
        CounterRandom random = new CounterRandom(seed, stream);
        for (int i = numbers.length - 1; i > 0; i--) {
            // The high half of hash times bound is uniform in [0, bound) but for a part of 2^-33 at most.
            int j = (int) Math.unsignedMultiplyHigh(random.bits(i), i + 1L);
            int swap = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swap;
        }
        return numbers;
    }
}
