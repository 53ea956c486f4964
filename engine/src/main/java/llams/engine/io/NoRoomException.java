package llams.engine.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file could not be written because its disk, or the user's share of it, is full. Nothing is lost by waiting for
/// room and writing it again.
public final class NoRoomException extends IOException {
    /// A disk with less room than this is full, whatever language the system's message is in.
    private static final long FULL_BYTES = 1 << 16;
    private static final long serialVersionUID = 1;

    /// @param cause may be null
    public NoRoomException(String message, IOException cause) {
        super(message, cause);
    }

    /// Whether `file` could not be written for lack of room.
    static boolean is(Path file, IOException failure) {
        String message = String.valueOf(failure.getMessage());
        if (failure instanceof NoRoomException || message.contains("No space left")
                || message.contains("quota exceeded")) {
            return true;
        }
        try {
            return Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace() < FULL_BYTES;
        } catch (IOException _) {
            return false;
        }
    }
}
