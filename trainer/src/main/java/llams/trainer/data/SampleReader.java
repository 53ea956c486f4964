package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/// Reads a data file of any known form, one sample at a time. The ending decides, then the content:
///
/// | file | samples |
/// |---|---|
/// | `.jsonl`, `.ndjson`, or a first line that is an object | see [JsonlReader] |
/// | starts with a heading `= title =` and a blank line | kowikitext, WikiText: one text an article |
/// | any other text | the whole file is one text; a line `<\|endoftext\|>` or `<\|end_of_text\|>` ends one and starts another |
public final class SampleReader {
    private SampleReader() {}

    /// @throws DataException if the content is in no known form
    public static void read(Path file, Consumer<Sample> samples) throws IOException {
        if (Files.isDirectory(file)) {
            throw new DataException(file + " is a directory; name the files in it");
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            JsonlReader.read(file, samples);
            return;
        }
        for (String ending : new String[] {".parquet", ".arrow", ".gz", ".bz2", ".xz", ".zip", ".zst", ".csv", ".tsv"}) {
            if (name.endsWith(ending)) {
                throw new DataException(
                        file + ": files in " + ending + " form are not read; convert it to .txt or .jsonl");
            }
        }
        String first;
        String second;
        try (Lines lines = Lines.open(file)) {
            do {
                first = lines.next();
            } while (first != null && first.isBlank());
            second = first == null ? null : lines.next();
        }
        if (first == null) {
            throw new DataException(file + " is empty");
        }
        String start = first.stripLeading();
        if (start.startsWith("[") && name.endsWith(".json")) {
            throw new DataException(
                    file + ": a JSON list; wanted one object a line: jq -c '.[]' " + file.getFileName() + " > data.jsonl");
        } else if (start.startsWith("{")) {
            JsonlReader.read(file, samples);
        } else if (start.startsWith("<doc id=") || start.startsWith("<mediawiki")) {
            throw new DataException(
                    file + ": a wiki dump; turn it into text first: llams data kowiki " + file.getFileName() + " --out data.txt");
        } else if (KowikiTextReader.recognizes(first, second)) {
            KowikiTextReader.read(file, samples);
        } else {
            PlainTextReader.read(file, samples);
        }
    }
}
