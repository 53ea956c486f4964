package llams.model.files;

/// Receives the progress of reading or writing large files.
@FunctionalInterface
public interface ByteProgress {
    ByteProgress SILENT = (doneBytes, totalBytes) -> {};

    /// Called every few megabytes; `totalBytes` stays the same.
    void at(long doneBytes, long totalBytes);
}
