package llams.model.merge;

import java.util.List;

/// What a merge did.
///
/// @param merged number of tensors that were computed
/// @param copied number of tensors copied bit for bit
/// @param bytes  of all tensors together
/// @param files  copied beside weights and config
/// @param vector the size of the chat vector in each part of the model; empty without one
/// @param notes  one line each: differences between the models, and how they were resolved
public record MergeReport(int merged, int copied, long bytes, List<String> files, List<Size> vector,
        List<String> notes) {
    /// The chat vector in one part of the model.
    ///
    /// @param part     `model.layers.0`, or another module's name
    /// @param norm     L2 norm of `instruct - base`
    /// @param relative the same as a share of the base's norm; NaN if that is zero
    public record Size(String part, double norm, double relative) {}

    public MergeReport {
        files = List.copyOf(files);
        vector = List.copyOf(vector);
        notes = List.copyOf(notes);
    }
}
