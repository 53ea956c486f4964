package llams.trainer.run;

/// How the held-out loss of a run has gone.
///
/// @param loss  the lowest so far; infinite before the first measurement
/// @param step  steps done when it was measured
/// @param since measurements after that one
record Lowest(double loss, int step, int since) {
    static final Lowest NONE = new Lowest(Double.POSITIVE_INFINITY, 0, 0);

    /// @param measured after `done` steps
    Lowest with(double measured, int done) {
        return measured < loss ? new Lowest(measured, done, 0) : new Lowest(loss, step, since + 1);
    }

    boolean isAfter(int done) {
        return step == done;
    }

    /// Whether a run with this patience has nothing more to hope for.
    ///
    /// @param patience 0 for never
    boolean ends(int patience) {
        return patience > 0 && since >= patience;
    }
}
