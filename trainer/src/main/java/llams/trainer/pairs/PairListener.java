package llams.trainer.pairs;

/// Receives the progress of a generation, on one thread at a time.
public interface PairListener {
    /// Called at the start and after each answer.
    void at(PairCounts counts);

    /// A message to show at once, such as when a request will be retried.
    void note(String line);
}
