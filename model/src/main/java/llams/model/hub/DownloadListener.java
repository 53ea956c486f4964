package llams.model.hub;

/// Receives the progress of a download.
public interface DownloadListener {
    /// Called first with what is already present, then after each piece. `doneBytes` falls when a server starts a file
    /// over.
    void at(long doneBytes, long totalBytes);

    /// A message to show at once, such as when a request will be retried.
    void note(String line);
}
