package llams.trainer.data;

import java.io.IOException;

/// How files are read, and what becomes of their rows.
///
/// @param maxBadRows unusable rows of a file that are skipped and noted; null for 10, or one row in 100 if that is more
/// @param cache      where the tokens of large files stay; null to have all in memory
/// @param listener   hears how far it is
public record Reading(DocumentEncoder encoder, RowForm form, Columns columns, Integer maxBadRows, TokenCache cache,
        ReadingListener listener) {
    RowReader rows() {
        return new RowReader(form, columns);
    }

    FileNotes notes(String file) {
        return new FileNotes(file, maxBadRows, columns);
    }

    /// A text that differs wherever documents of the same file may; null if the tokenizer is not of files.
    String key() throws IOException {
        String encoding = encoder.key();
        if (encoding == null) {
            return null;
        }
        String key = encoding + "\n" + maxBadRows;
        return rows().equals(RowReader.STANDARD) ? key : key + "\n" + form + " " + columns;
    }
}
