package llams.model.hub;

/// Hears how far a download has come.
public interface DownloadListener {
    /// Called first with what is here already, then after each piece. `doneBytes` falls where a server starts a file
    /// again.
    void at(long doneBytes, long totalBytes);

    /// Something to tell at once, as that a request is made again, and when.
    void note(String line);
}
