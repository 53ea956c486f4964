package llams.model.files;

/// Hears how much of a result has been written.
@FunctionalInterface
public interface Progress {
    Progress SILENT = (doneBytes, totalBytes) -> {};

    /// Called after each few megabytes of results; `totalBytes` is always the same.
    void at(long doneBytes, long totalBytes);
}
