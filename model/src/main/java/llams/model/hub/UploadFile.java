package llams.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.model.files.Checksums;
import llams.model.files.DirectoryLock;
import llams.model.files.ModelFiles;
import llams.model.files.Sha256;

/// A file that is to be on the hub.
///
/// @param path   there, `/` between its parts
/// @param bytes  when it was looked at
/// @param sha256 in hexadecimal digits
public record UploadFile(String path, Path file, long bytes, String sha256) {
    /// The files of a directory that match one of `globs`; without globs, those that a model directory needs.
    ///
    /// @param listener receives the progress of reading them, as their hashes are computed
    /// @throws IOException if there are none, or without globs no weights, if one differs from its checksum, or a run is
    ///     at work there
    public static List<UploadFile> in(Path directory, List<String> globs, TransferListener listener)
            throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new HubException(directory + ": is not a directory with a model");
        }
        DirectoryLock.check(directory);
        List<String> paths = paths(directory, Listing.matching(globs));
        if (globs.isEmpty() ? paths.stream().noneMatch(path -> path.endsWith(".safetensors")) : paths.isEmpty()) {
            throw new HubException(directory + ": has no "
                    + (globs.isEmpty() ? "weights as .safetensors" : "file that matches " + String.join(" or ", globs))
                    + "; there is nothing to upload");
        }
        long total = 0;
        for (String path : paths) {
            total += Files.size(directory.resolve(path));
        }
        long all = total;
        long done = 0;
        List<UploadFile> files = new ArrayList<>();
        for (String path : paths) {
            Path file = directory.resolve(path);
            long before = done;
            String hash = Sha256.ofFile(file, bytes -> listener.at(before + bytes, all));
            files.add(new UploadFile(path, file, Files.size(file), hash));
            done += files.getLast().bytes;
        }
        checkSums(directory, files);
        return files;
    }

    /// What is not as `checksums.sha256` says is not shared.
    private static void checkSums(Path directory, List<UploadFile> files) throws IOException {
        if (!Files.exists(directory.resolve(Checksums.FILE))) {
            return;
        }
        Map<String, String> sums = Checksums.read(directory);
        for (UploadFile file : files) {
            if (!sums.getOrDefault(file.path, file.sha256).equals(file.sha256)) {
                throw new HubException(file.file + ": is not what " + Checksums.FILE + " says; if the change is wanted,"
                        + " write the checksums again");
            }
        }
    }

    /// Hidden files and what is being written are never sent.
    private static List<String> paths(Path directory, Predicate<String> chosen) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree
                    .filter(file -> Files.isRegularFile(file) && !AtomicFiles.isTemporary(file)
                            && !file.endsWith(DirectoryLock.FILE))
                    .map(file -> directory.relativize(file).toString().replace('\\', '/'))
                    .filter(path -> chosen.test(path) && !Listing.leadsOut(path)
                            && Arrays.stream(path.split("/")).noneMatch(part -> part.startsWith(".")))
                    .sorted()
                    .toList();
        }
    }

    /// All of it, for files that are not large.
    byte[] content() throws IOException {
        byte[] content = ModelFiles.content(file);
        if (content.length != bytes) {
            throw new HubException(file + ": was changed while it was uploaded; wait until nothing writes there");
        }
        return content;
    }

    /// The first bytes, by which a hub tells text from other contents.
    byte[] sample(int most) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return in.readNBytes(most);
        }
    }

    /// Its hash as the hub names it: git's for what goes into the repository itself.
    String hash(boolean large) throws IOException {
        return large ? sha256 : HubFile.gitHash(content());
    }
}
