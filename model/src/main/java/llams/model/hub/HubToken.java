package llams.model.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/// An access token. Not a record, so that no message prints it by accident.
public final class HubToken {
    /// Where it comes from, in words.
    final String source;
    private final String value;

    private HubToken(String value, String source) {
        this.value = value;
        this.source = source;
        // Java refuses a header with other characters, in a message that shows the token.
        if (!value.matches("[\\x21-\\x7e]+")) {
            throw new IllegalArgumentException(
                    source + ": does not hold a token; wanted one word of ASCII letters, like hf_...");
        }
    }

    /// The first one found, in the order of other hub programs: `option`, `HF_TOKEN`, the file `HF_TOKEN_PATH`, the
    /// file `token` in `HF_HOME`, which is `huggingface` in the user's cache unless it is set.
    ///
    /// @param option      null if none is given
    /// @param environment the process's variables
    /// @param home        the user's directory
    /// @return null if there is none
    /// @throws IllegalArgumentException if what is found is not a token
    public static HubToken findOrNull(String option, Map<String, String> environment, Path home) throws IOException {
        if (option != null) {
            return new HubToken(option.strip(), "`token`");
        }
        String variable = environment.getOrDefault("HF_TOKEN", "").strip();
        if (!variable.isEmpty()) {
            return new HubToken(variable, "HF_TOKEN");
        }
        Path file = file(environment, home);
        try {
            String content = Files.readString(file).strip();
            return content.isEmpty() ? null : new HubToken(content, file.toString());
        } catch (NoSuchFileException _) {
            return null;
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new HubException(file + ": the token in it cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static Path file(Map<String, String> environment, Path home) {
        String path = environment.getOrDefault("HF_TOKEN_PATH", "");
        String hub = environment.getOrDefault("HF_HOME", "");
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (!path.isEmpty()) {
            return Path.of(path);
        }
        if (!hub.isEmpty()) {
            return Path.of(hub, "token");
        }
        return (cache.isEmpty() ? home.resolve(".cache") : Path.of(cache)).resolve("huggingface/token");
    }

    String header() {
        return "Bearer " + value;
    }
}
