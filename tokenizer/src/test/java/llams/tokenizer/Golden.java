package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// The real Llama-3 tokenizer and its cases, which are not part of this project: in `../shared/tokenizer`, or where the
/// environment variable `LLAMS_LLAMA3_TOKENIZER` points.
final class Golden {

    private static Tokenizer llama3;

    private Golden() {}

    static Path directory() {
        String named = System.getenv("LLAMS_LLAMA3_TOKENIZER");
        String root = System.getProperty("llams.root", ".");
        return named != null ? Path.of(named) : Path.of(root).resolve("../shared/tokenizer").normalize();
    }

    /// The file of this name; the test is skipped if it is absent.
    static Path file(String name) {
        Path file = directory().resolve(name);
        String reason = "there is no " + file
                + "; set LLAMS_LLAMA3_TOKENIZER to a directory with Llama 3's tokenizer.model and the cases";
        if (!Files.exists(file)) {
            // On stderr as well: the summary only counts.
            System.err.println("Skipped: " + reason);
        }
        Assumptions.assumeTrue(Files.exists(file), reason);
        return file;
    }

    static synchronized Tokenizer llama3() throws IOException {
        if (llama3 == null) {
            llama3 = Tokenizer.load(file("tokenizer.model"));
        }
        return llama3;
    }
}
