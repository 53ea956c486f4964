package llams.trainer.data;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The documents of some units of a file, and what reading them came to.
final class DocumentBatch {
    private final DocumentEncoder encoder;
    final SpecialNames names;
    final FileNotes rows;
    final List<Document> documents = new ArrayList<>();
    long textBytes;
    int conversations;
    int empty;

    DocumentBatch(DocumentEncoder encoder, FileNotes rows) {
        this.encoder = encoder;
        this.rows = rows;
        names = encoder.specialNames();
    }

    /// Reads a unit.
    ///
    /// @param limit documents that the batch may have: what comes after them is read, but does not become ids
    void read(Unit unit, int limit) {
        unit.content().read(rows, sample -> add(sample, unit.plainText(), limit));
    }

    private void add(Sample sample, boolean plainText, int limit) {
        if (documents.size() >= limit) {
            return;
        }
        boolean hasContent = switch (sample) {
            case Sample.Text text -> !text.starts() || !text.text().isBlank();
            case Sample.Chat _,Sample.Pair _ -> true;
            case Sample.Ids ids -> ids.ids().length > 0;
        };
        if (!hasContent) {
            empty++;
            return;
        }
        documents.addAll(encoder.encode(sample));
        count(sample, plainText);
    }

    private void count(Sample sample, boolean plainText) {
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
                    message.toolCalls().forEach(call -> names.find(call.arguments().toString(), chat.origin(), false));
                });
            }
            case Sample.Pair pair -> {
                count(pair.chosen(), false);
                count(pair.rejected(), false);
            }
            case Sample.Ids _ -> {}
        }
    }

    private void count(String text) {
        textBytes += text.getBytes(StandardCharsets.UTF_8).length;
    }

    /// Takes over what the next batch of the file came to, apart from its documents.
    void count(DocumentBatch next) {
        textBytes += next.textBytes;
        conversations += next.conversations;
        empty += next.empty;
        names.add(next.names);
        rows.add(next.rows);
    }
}
