package llams.trainer.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The documents of some files, in the files' order.
///
/// @param documents all of them, as ids: nothing else of the files stays in memory
/// @param textBytes UTF-8 bytes of the texts and conversation contents; 0 for ids
/// @param conversations how many of the documents are conversations
/// @param empty     texts and id lists without content, which were left out
/// @param beginInText texts that themselves contain `<|begin_of_text|>`: every document gets one of its own, so such data has
///                  probably been formatted already
public record Corpus(List<Document> documents, long textBytes, int conversations, int empty, int beginInText) {
    /// @throws DataException if a file is in no known form, or there is no document in them
    public static Corpus load(List<Path> files, DocumentEncoder encoder) throws IOException {
        Loading loading = new Loading(encoder);
        for (Path file : files) {
            SampleReader.read(file, loading::add);
        }
        if (loading.documents.isEmpty()) {
            throw new DataException("no document in " + files + "; " + loading.empty + " were empty");
        }
        return new Corpus(loading.documents, loading.textBytes, loading.conversations, loading.empty, loading.beginInText);
    }

    private static final class Loading {
        final DocumentEncoder encoder;
        final List<Document> documents = new ArrayList<>();
        long textBytes;
        int conversations;
        int empty;
        int beginInText;

        Loading(DocumentEncoder encoder) {
            this.encoder = encoder;
        }

        void add(Sample sample) {
            boolean hasContent = switch (sample) {
                case Sample.Text text -> {
                    count(text.text());
                    yield !text.starts() || !text.text().isBlank();
                }
                case Sample.Chat chat -> {
                    conversations++;
                    chat.messages().forEach(message -> count(message.content()));
                    yield true;
                }
                case Sample.Ids ids -> ids.ids().length > 0;
            };
            if (hasContent) {
                documents.add(encoder.encode(sample));
            } else {
                empty++;
            }
        }

        private void count(String text) {
            textBytes += text.getBytes(StandardCharsets.UTF_8).length;
            if (text.contains("<|begin_of_text|>")) {
                beginInText++;
            }
        }
    }
}
