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
    static FileContent load(Path file, Reading reading) throws IOException {
        if (reading.cache() != null && reading.cache().keeps(file, reading)) {
            return reading.cache().load(file, reading);
        }
        List<Document> documents = new ArrayList<>();
        DocumentBatch all = FileEncoding.read(file, reading, documents::add);
        return of(Documents.of(documents), all);
    }

    /// The first documents alone.
    static FileContent load(Path file, Reading reading, int limit) throws IOException {
        DocumentBatch all = FileEncoding.read(file, reading, limit);
        return of(Documents.of(all.documents), all);
    }

    /// With some of the documents. How much text they are is not known.
    ///
    /// @param note says which
    FileContent with(Documents some, String note) {
        int chats = 0;
        for (int d = 0; d < some.size(); d++) {
            chats += some.cut(d) ? 0 : 1;
        }
        List<String> all = new ArrayList<>(notes);
        all.add(note);
        return new FileContent(some, 0, chats, empty, all, names);
    }

    /// With the first documents alone.
    FileContent first(int limit) {
        return new FileContent(new SomeDocuments(documents, 0, Math.min(limit, documents.size())), textBytes,
                conversations, empty, notes, names);
    }
}
