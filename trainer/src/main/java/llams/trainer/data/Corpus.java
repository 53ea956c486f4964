package llams.trainer.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.model.files.DataException;

/// The documents of some files, in the files' order.
///
/// @param documents all documents, as ids; nothing else of the files stays in memory
/// @param textBytes UTF-8 bytes of the texts and conversation contents; 0 for ids
/// @param conversations how many of the documents are conversations
/// @param empty     number of texts and lists of ids without content, which were left out
/// @param notes     one line for everything in the files that was not used or looks doubtful
public record Corpus(List<Document> documents, long textBytes, int conversations, int empty, List<String> notes) {
    /// With the usual limit of unusable rows: 10 per file, or a hundredth of its rows if that is more.
    ///
    /// @throws DataException if a file is in no known form, or there is no document in them
    public static Corpus load(List<Path> files, DocumentEncoder encoder) throws IOException {
        return load(files, encoder, null, Integer.MAX_VALUE);
    }

    /// @param maxBadRows unusable rows of a file that are skipped and noted; null for the usual limit
    /// @param limit      documents to keep: files are read to their ends, but only the first become ids
    /// @throws DataException if a file is in no known form, has more unusable rows or nothing else, or if there is no
    ///     document
    public static Corpus load(List<Path> files, DocumentEncoder encoder, Integer maxBadRows, int limit)
            throws IOException {
        Loading loading = new Loading(encoder, limit);
        for (Path file : files) {
            loading.add(file, maxBadRows);
        }
        if (loading.documents.isEmpty()) {
            throw new DataException("no document in " + files + "; " + loading.empty + " were empty");
        }
        loading.notes.addAll(loading.names.lines());
        if (loading.empty > 0) {
            loading.notes.add(loading.empty == 1
                    ? "1 text or list of ids is empty and is left out"
                    : String.format(Locale.ROOT, "%,d texts or lists of ids are empty and are left out",
                            loading.empty));
        }
        return new Corpus(loading.documents, loading.textBytes, loading.conversations, loading.empty, loading.notes);
    }

    private static final class Loading {
        final DocumentEncoder encoder;
        final int limit;
        final SpecialNames names;
        final List<Document> documents = new ArrayList<>();
        final List<String> notes = new ArrayList<>();
        long textBytes;
        int conversations;
        int empty;

        Loading(DocumentEncoder encoder, int limit) {
            this.encoder = encoder;
            this.limit = limit;
            names = encoder.specialNames();
        }

        void add(Path file, Integer maxBadRows) throws IOException {
            FileNotes rows = new FileNotes(Source.name(file), maxBadRows);
            SampleReader.read(file, rows, sample -> add(sample, rows.plainText()));
            names.check();
            notes.addAll(rows.lines());
        }

        private void add(Sample sample, boolean plainText) {
            if (documents.size() == limit) {
                return;
            }
            boolean hasContent = switch (sample) {
                case Sample.Text text -> !text.starts() || !text.text().isBlank();
                case Sample.Chat chat -> true;
                case Sample.Ids ids -> ids.ids().length > 0;
            };
            if (!hasContent) {
                empty++;
                return;
            }
            documents.add(encoder.encode(sample));
            switch (sample) {
                case Sample.Text text -> {
                    count(text.text());
                    names.find(text.text(), text.origin(), plainText);
                }
                case Sample.Chat chat -> {
                    conversations++;
                    chat.messages().forEach(message -> {
                        count(message.content());
                        names.find(message.content(), chat.origin(), false);
                        message.toolCalls()
                                .forEach(call -> names.find(call.arguments().toString(), chat.origin(), false));
                    });
                }
                case Sample.Ids ids -> {}
            }
        }

        private void count(String text) {
            textBytes += text.getBytes(StandardCharsets.UTF_8).length;
        }
    }
}
