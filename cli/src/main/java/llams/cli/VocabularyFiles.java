package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import llams.tokenizer.BpeTrainer;

/// Text files that a vocabulary is trained on.
final class VocabularyFiles {
    private static final long MEGABYTE = 1_000_000;

    private VocabularyFiles() {}

    /// The size of all texts, which must be files.
    static long bytes(List<Path> texts) throws IOException {
        long bytes = 0;
        for (Path text : texts) {
            if (Files.isDirectory(text)) {
                throw new IOException(
                        text + ": is a directory; name the text files in it, such as " + text.resolve("*.txt"));
            }
            if (!Files.exists(text)) {
                throw new NoSuchFileException(text.toString());
            }
            bytes += Files.size(text);
        }
        return bytes;
    }

    /// Counts the pieces of texts of `bytes` in all.
    static void count(List<Path> texts, long bytes, BpeTrainer trainer, Console console) throws IOException {
        try (ProgressMeter progress = new ProgressMeter(console.err, "counting", "MB", Math.ceilDiv(bytes, MEGABYTE))) {
            long[] counted = new long[1];
            for (Path text : texts) {
                trainer.add(text, more -> {
                    progress.step((counted[0] + more) / MEGABYTE - counted[0] / MEGABYTE);
                    counted[0] += more;
                });
            }
        }
    }

    static void noteForgotten(BpeTrainer trainer, Console console) {
        if (trainer.forgottenBelow() > 0) {
            console.note("words seen fewer than " + trainer.forgottenBelow()
                    + " times were dropped to save memory; LLAMS_JAVA_OPTS=-Xmx8g makes room");
        }
    }
}
