package llams.trainer.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.model.files.DataException;

/// Reads a data file of any known form, one sample at a time. The ending decides, then the content:
///
/// | file | samples |
/// |---|---|
/// | `.jsonl`, `.ndjson`, or a first line that is an object | a row a line, see [JsonlReader] |
/// | `.csv`, `.tsv` | a row a record, see [TableReader] |
/// | `.parquet` | a row a row, see [ParquetReader] |
/// | `.json` that starts with `[`, any other file that starts with `[{`, of one line if it is `.jsonl` | a row for each element of the list |
/// | `{` alone in the first line | rows over several lines |
/// | starts with a heading `= title =` and a blank line | kowikitext, WikiText: one text an article |
/// | any other text | the whole file is one text; a line `<\|endoftext\|>` or `<\|end_of_text\|>` ends one and starts another |
///
/// `.gz` and `.zst` behind these endings are decompressed. A file is opened once and read forwards, so it may be a pipe; `-` is standard input. UTF-16 is read as well as
/// UTF-8.
public final class SampleReader {
    /// How much of a file is read to recognize its form.
    private static final int PEEK_BYTES = 1 << 16;
    private static final Pattern LIST_OF_OBJECTS = Pattern.compile("\\[\\s*\\{");

    private SampleReader() {}

    /// @throws DataException if the content is in no known form
    public static void read(Path file, Consumer<Sample> samples) throws IOException {
        FileNotes notes = new FileNotes(Source.name(file), 0);
        units(file, RowReader.STANDARD, ReadingListener.SILENT, unit -> unit.content().read(notes, samples));
        notes.finish();
    }

    /// Cuts a file into rows or texts, in their order.
    static void units(Path file, RowReader rows, ReadingListener listener, Consumer<Unit> units) throws IOException {
        if (Files.isDirectory(file)) {
            throw new DataException(file + " is a directory; name the files in it");
        }
        String name = Source.contentName(file);
        if (ParquetReader.isMeant(name)) {
            ParquetReader.units(file, rows, listener, units);
            return;
        }
        for (String ending : new String[] {".arrow", ".bz2", ".xz", ".zip"}) {
            if (name.endsWith(ending)) {
                throw new DataException(
                        file + ": files in " + ending + " form are not read; convert it to .txt or .jsonl");
            }
        }
        try (BufferedInputStream in = Source.open(file, listener)) {
            in.mark(PEEK_BYTES);
            String start = new String(in.readNBytes(PEEK_BYTES), StandardCharsets.UTF_8);
            in.reset();
            units(in, Source.name(file), name, start.startsWith("\uFEFF") ? start.substring(1) : start, rows, units);
        }
    }

    private static void units(BufferedInputStream in, String file, String name, String start, RowReader rows,
            Consumer<Unit> units) throws IOException {
        if (name.endsWith(".csv") || name.endsWith(".tsv")) {
            TableReader.units(in, file, name.endsWith(".tsv") ? '\t' : ',', rows, units);
            return;
        }
        Iterator<String> lines = Stream.of(start.split("\n")).dropWhile(String::isBlank).iterator();
        if (!lines.hasNext()) {
            throw new DataException(file + " is empty");
        }
        String first = lines.next();
        String second = lines.hasNext() ? lines.next() : null;
        boolean isLines = name.endsWith(".jsonl") || name.endsWith(".ndjson");
        String text = start.stripLeading();
        boolean isList = isLines
                ? first.strip().equals("[") || second == null && LIST_OF_OBJECTS.matcher(text).lookingAt()
                : text.startsWith("[") && name.endsWith(".json") || LIST_OF_OBJECTS.matcher(text).lookingAt();
        if (isList) {
            JsonlReader.units(new JsonElements(in, file, true), rows, units);
        } else if (first.strip().equals("{")) {
            JsonlReader.units(new JsonElements(in, file, false), rows, units);
        } else if (isLines || text.startsWith("{")) {
            JsonlReader.units(new Lines(in, file), rows, units);
        } else if (text.startsWith("<doc id=") || text.startsWith("<mediawiki")) {
            throw new DataException(file + ": a wiki dump; convert it to text first: `kowiki " + file + "`");
        } else {
            rows.form().checkText(file);
            Consumer<Sample.Text> texts = sample -> units.accept(Unit.of(sample));
            if (KowikiTextReader.recognizes(first, second)) {
                KowikiTextReader.read(new Lines(in, file), texts);
            } else {
                PlainTextReader.read(new Lines(in, file), texts);
            }
        }
    }
}
