package llams.trainer.data;

/// Hears how the reading of data files gets on.
public interface ReadingListener {
    ReadingListener SILENT = new ReadingListener() {};

    /// Called every megabyte or so of a file whose length is known.
    ///
    /// @param doneBytes of the file as it lies on the disk, compressed or not
    default void reading(String file, long doneBytes, long totalBytes) {}

    /// Everything of a file has been read, or reading it has failed.
    default void ended(String file) {}

    /// Another program is writing the tokens of a file, which will be used when it is done.
    default void waiting(String file) {}
}
