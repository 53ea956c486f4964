package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;

/// The file of what was entered in conversations, of all of a user's, as shells keep theirs. Nobody else may read it.
final class ChatHistory {
    /// Names the file; empty for none.
    static final String VARIABLE = "LLAMS_CHAT_HISTORY";

    private ChatHistory() {}

    static Optional<Path> file(Map<String, String> environment, Path home) {
        String named = environment.get(VARIABLE);
        if (named != null) {
            return named.isEmpty() ? Optional.empty() : Optional.of(Path.of(named));
        }
        String state = environment.getOrDefault("XDG_STATE_HOME", "");
        Path directory = state.isEmpty() ? home.resolve(".local/state") : Path.of(state);
        return Optional.of(directory.resolve("llams/chat-history"));
    }

    /// Makes the file if there is none, and its directories, for their owner alone.
    static void prepare(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        boolean isPosix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        if (!isPosix) {
            Files.createDirectories(directory);
            return;
        }
        Files.createDirectories(directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        var own = PosixFilePermissions.fromString("rw-------");
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(own));
        } else if (Files.isRegularFile(file)) {
            Files.setPosixFilePermissions(file, own);
        }
    }
}
