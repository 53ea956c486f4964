package llams.engine;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The golden files and their manifest: those of the project, or those of another directory given by `-Dllams.golden=DIR`
/// (a relative path counts from the project's root).
public final class Golden {
    public static final Path ROOT = Path.of(System.getProperty("llams.root"));
    public static final Path DIRECTORY =
            ROOT.resolve(System.getProperty("llams.golden", "engine/src/test/resources/golden")).normalize();
    public static final JsonNode MANIFEST = JsonMapper.shared().readTree(DIRECTORY.resolve("manifest.json"));

    private Golden() {
    }

    public static Path path(String relative) {
        return DIRECTORY.resolve(relative);
    }

    /// Skips the test if this set of golden files has no such part.
    public static Path pathOrSkip(String relative) {
        Path path = path(relative);
        assumeTrue(Files.exists(path), "this set of golden files has no " + relative);
        return path;
    }

    /// A part of the manifest; skips the test if it is absent.
    public static JsonNode partOrSkip(JsonNode parent, String name) {
        JsonNode part = parent.path(name);
        assumeTrue(!part.isMissingNode() && !part.isNull(), "this set of golden files has no part \"" + name + "\"");
        return part;
    }
}
