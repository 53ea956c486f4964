package llams.model.merge;

/// How the values of one tensor are made from those of the models.
///
/// Java rounds every operation to f32 and never contracts two, so the result is the same on every machine.
sealed interface Blend permits WeightedMean, Slerp, TaskVectors {
    /// Fills `work.result` from `work.inputs`, which it may overwrite.
    ///
    /// @param begin of the part, counted from the tensor's first element
    void compute(Workspace work, long begin, int count);
}
