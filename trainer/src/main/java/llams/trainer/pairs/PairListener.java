package llams.trainer.pairs;

/// Hears how far pairs have come, in one thread at a time.
public interface PairListener {
    /// Called at the start and after each answer.
    void at(PairCounts counts);

    /// Something to tell at once, as that a request is made again, and when.
    void note(String line);
}
