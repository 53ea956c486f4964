package llams.model.hub;

/// Receives the progress of a download or an upload.
public interface TransferListener {
    /// Called first with what is already there, then after each piece. `doneBytes` falls when a file or a part of it
    /// starts over.
    void at(long doneBytes, long totalBytes);

    /// A message to show at once, such as when a request will be retried.
    void note(String line);
}
