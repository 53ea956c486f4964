package llams.trainer.merge;

import java.util.List;

/// What a merge did.
///
/// @param merged number of tensors that were computed
/// @param copied number of tensors taken over bit for bit
/// @param bytes  of all tensors together
/// @param files  carried along beside weights and config
/// @param notes  what a careful reader wants to know, a line each: differences between the models and what was made of them
public record MergeReport(int merged, int copied, long bytes, List<String> files, List<String> notes) {
    public MergeReport {
        files = List.copyOf(files);
        notes = List.copyOf(notes);
    }
}
