package llams.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DirectoryLock;

/// Reads a download again and compares it with the hashes that the hub gave at the time: disks and people damage files.
public final class HubVerification {
    /// @param whole    files with the hub's hash
    /// @param unhashed files of the right size for which the hub had no hash
    /// @param damaged  files whose content has changed; the next download fetches them again
    /// @param missing  files that are gone or incomplete
    public record Report(Path directory, String commit, List<String> whole, List<String> unhashed, List<String> damaged,
            List<String> missing) {
        public boolean isGood() {
            return damaged.isEmpty() && missing.isEmpty();
        }
    }

    private HubVerification() {}

    /// Needs no network.
    ///
    /// @param directory of a download of `repo`
    /// @throws IOException if there is none, or a file cannot be read; says which
    public static Report run(String repo, Path directory, TransferListener listener) throws IOException {
        Path absolute = directory.toAbsolutePath().normalize();
        if (!Files.exists(absolute.resolve(DownloadRecord.FILE))) {
            throw new HubException(
                    directory + ": holds no download of " + repo + " (there is no " + DownloadRecord.FILE + ")");
        }
        try (DirectoryLock _ = DirectoryLock.take(absolute)) {
            DownloadRecord record = DownloadRecord.read(absolute, repo);
            Report report = new Report(directory, record.commit(), new ArrayList<>(), new ArrayList<>(),
                    new ArrayList<>(), new ArrayList<>(IncomingFile.unfinished(absolute)));
            List<HubFile> files = record.files();
            long total = files.stream().mapToLong(HubFile::sizeBytes).sum();
            long done = 0;
            listener.at(0, total);
            for (HubFile file : files) {
                long before = done;
                Path path = absolute.resolve(file.path());
                if (!Files.isRegularFile(path)) {
                    report.missing.add(file.path());
                } else if (Files.size(path) != file.sizeBytes()) {
                    report.damaged.add(file.path());
                } else if (file.digestOrNull() == null) {
                    report.unhashed.add(file.path());
                } else if (IncomingFile.matches(path, file, bytes -> listener.at(before + bytes, total))) {
                    report.whole.add(file.path());
                } else {
                    report.damaged.add(file.path());
                }
                done += file.sizeBytes();
                listener.at(done, total);
            }
            record.doubt(report.damaged);
            return report;
        }
    }
}
