package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What one data file holds.
///
/// @param notes what to tell the user about its rows
/// @param names special tokens' names in its texts
record FileContent(Documents documents, long textBytes, int conversations, int empty, List<String> notes,
        SpecialNames names) {
    static FileContent of(Documents documents, DocumentBatch all) {
        return new FileContent(documents, all.textBytes, all.conversations, all.empty, all.rows.lines(), all.names);
    }

    /// Everything.
    ///
    /// @param cache where the tokens of a large file stay; null to have those of every file in memory
    static FileContent load(Path file, DocumentEncoder encoder, Integer maxBadRows, TokenCache cache)
            throws IOException {
        return cache != null && cache.keeps(file, encoder)
                ? cache.load(file, encoder, maxBadRows)
                : load(file, encoder, maxBadRows);
    }

    /// Everything, in memory.
    static FileContent load(Path file, DocumentEncoder encoder, Integer maxBadRows) throws IOException {
        List<Document> documents = new ArrayList<>();
        DocumentBatch all = FileEncoding.read(file, encoder, maxBadRows, documents::add);
        return of(Documents.of(documents), all);
    }

    /// The first documents alone.
    static FileContent load(Path file, DocumentEncoder encoder, Integer maxBadRows, int limit) throws IOException {
        DocumentBatch all = FileEncoding.read(file, encoder, maxBadRows, limit);
        return of(Documents.of(all.documents), all);
    }
}
