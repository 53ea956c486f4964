package llams.model.files;

/// Hears how far the reading or writing of large files has come.
@FunctionalInterface
public interface ByteProgress {
    ByteProgress SILENT = (doneBytes, totalBytes) -> {};

    /// Called every few megabytes; `totalBytes` stays the same.
    void at(long doneBytes, long totalBytes);
}
