package llams.trainer.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A small file with one JSON object.
public final class JsonFile {
    private JsonFile() {
    }

    /// @throws IOException if it cannot be read, or is something else; says where
    public static ObjectNode read(Path file) throws IOException {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(file));
            if (json instanceof ObjectNode object) {
                return object;
            }
            throw new IOException(file + ": not a JSON object");
        } catch (StreamConstraintsException e) {
            throw new IOException(file + ": nested too deeply, or a name or a number too long", e);
        } catch (JacksonException e) {
            String line = e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr();
            throw new IOException(file + line + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }
}
