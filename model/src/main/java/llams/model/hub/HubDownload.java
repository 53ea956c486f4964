package llams.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.files.DirectoryLock;
import tools.jackson.databind.node.ObjectNode;

/// Downloads a model. One file after the other: a connection to where hubs keep weights is seldom slower than what it
/// leads into, and what an interrupted download leaves is whole files and the beginning of one.
public final class HubDownload {
    /// What there is now.
    ///
    /// @param commit          to which the files belong
    /// @param downloaded      files that came
    /// @param present         files that were there already
    /// @param bytes           of all of them
    /// @param downloadedBytes that came now
    public record Report(Path directory, String repo, String commit, List<String> downloaded, List<String> present,
            long bytes, long downloadedBytes) {}

    /// Where the files of a download come from.
    public record Origin(String repo, String commit) {}

    private final HubClient hub;
    private final String commit;
    private final Path directory;
    private final DownloadRecord record;
    private final TransferListener listener;
    private final List<HubFile> missing = new ArrayList<>();
    private final List<String> present = new ArrayList<>();
    private long totalBytes;
    /// Of whole files.
    private long doneBytes;

    private HubDownload(HubClient hub, String commit, Path directory, DownloadRecord record,
            TransferListener listener) {
        this.hub = hub;
        this.commit = commit;
        this.directory = directory;
        this.record = record;
        this.listener = listener;
    }

    /// Brings the files of `model` into the directory `to`, all of one commit, each verified. A download that was
    /// interrupted, in whatever way, continues where it was.
    ///
    /// @param tokenOrNull who asks
    /// @param include     patterns over the paths in the repository; empty for what a model's directory needs
    /// @param to          a new directory, an empty one, or an earlier download of the same model
    /// @throws IOException if the hub refuses, the network fails for good, the directory holds something else, or its
    ///     disk is too small
    public static Report run(HubModel model, HubToken tokenOrNull, List<String> include, Path to,
            TransferListener listener) throws IOException {
        return run(model, tokenOrNull, include, to, listener, Retry.Patience.USUAL);
    }

    /// Bytes that a download needs, however large its files are.
    public static long memoryBytes() {
        return IncomingFile.PIECE_BYTES + Http.BUFFER_BYTES;
    }

    static Report run(HubModel model, HubToken tokenOrNull, List<String> include, Path to, TransferListener listener,
            Retry.Patience patience) throws IOException {
        Path directory = to.toAbsolutePath().normalize();
        DownloadRecord record = DownloadRecord.read(directory, model.repo());
        try (HubClient hub = new HubClient(model, tokenOrNull, patience, listener)) {
            Listing listing = hub.listing();
            List<String> names = listing.choose(include, model);
            List<String> strangers = record.strangers(listing.commit(), names);
            if (!strangers.isEmpty()) {
                throw new HubException(to + ": has " + String.join(", ", strangers) + " of commit " + record.commit()
                        + ", not among the files asked for of commit " + listing.commit()
                        + "; remove them, choose another directory, or stay with revision " + record.commit());
            }
            HubDownload download = new HubDownload(hub, listing.commit(), directory, record, listener);
            long here = 0;
            for (String name : names) {
                here += download.plan(hub.head(listing.commit(), name));
            }
            download.checkSpace(download.totalBytes - here);
            listener.at(here, download.totalBytes);
            download.fetch();
            List<String> downloaded = download.missing.stream().map(HubFile::path).toList();
            return new Report(to, model.repo(), listing.commit(), downloaded, download.present, download.totalBytes,
                    download.totalBytes - here);
        }
    }

    /// Where the files of a directory come from; null if it is no download.
    ///
    /// @throws IOException if the download's record cannot be read
    public static Origin originOrNull(Path directory) throws IOException {
        Path record = directory.resolve(DownloadRecord.FILE);
        if (!Files.isRegularFile(record)) {
            return null;
        }
        ObjectNode root = Json.readObject(record);
        return new Origin(root.path("repo").asString(""), root.path("commit").asString(""));
    }

    /// Returns how many bytes of the file are here.
    private long plan(HubFile file) throws IOException {
        try {
            totalBytes = Math.addExact(totalBytes, file.sizeBytes());
        } catch (ArithmeticException e) {
            throw new HubException(
                    file.path() + ": the hub says it has " + file.sizeBytes() + " bytes, which cannot be", e);
        }
        if (record.has(file)) {
            present.add(file.path());
            doneBytes += file.sizeBytes();
            return file.sizeBytes();
        }
        missing.add(file);
        if (file.digestOrNull() == null) {
            listener.note(file.path() + ": the hub gives no hash, only its size will be checked");
        }
        return IncomingFile.bytesThere(directory.resolve(file.path()), file);
    }

    private void checkSpace(long neededBytes) throws IOException {
        Path existing = directory;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        long freeBytes = Files.getFileStore(existing).getUsableSpace();
        if (neededBytes > freeBytes) {
            throw new HubException(
                    String.format(Locale.ROOT,
                            "%s: %,d bytes are to come, and its disk has room for"
                                    + " %,d; make room, or choose another directory",
                            directory, neededBytes, freeBytes));
        }
    }

    private void fetch() throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(directory, e);
        }
        try (DirectoryLock _ = DirectoryLock.take(directory)) {
            record.start(commit);
            for (HubFile file : missing) {
                fetch(file);
                record.add(file);
                doneBytes += file.sizeBytes();
            }
        }
    }

    private void fetch(HubFile file) throws IOException {
        try (IncomingFile incoming = IncomingFile.open(directory.resolve(file.path()), file)) {
            boolean resumed = incoming.at() > 0;
            receive(incoming);
            if (resumed && !incoming.verified()) {
                listener.note(file.path() + ": what an earlier run left of it is damaged; from the start");
                incoming.restart();
                receive(incoming);
                resumed = false;
            }
            if (!resumed && !incoming.verified()) {
                incoming.discard();
                throw new HubException(file.path() + ": what came has another hash than the hub says (" + file.etag()
                        + ") and was removed; the same command gets this file anew");
            }
            incoming.publish();
        }
    }

    private void receive(IncomingFile incoming) throws IOException {
        hub.fetch(commit, incoming, () -> listener.at(doneBytes + incoming.at(), totalBytes));
    }
}
