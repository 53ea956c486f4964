package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// What data says, for a vocabulary to be trained on: the marks between documents and the keys of rows would become
/// tokens that no text ever uses.
public final class VocabularyText {
    private VocabularyText() {}

    /// @throws llams.model.files.DataException as [SampleReader#read] does
    public static void read(Path file, Consumer<String> texts) throws IOException {
        SampleReader.read(file, sample -> {
            switch (sample) {
                case Sample.Text text -> texts.accept(text.text());
                case Sample.Chat chat -> chat.messages().forEach(message -> texts.accept(message.content()));
                case Sample.Ids _,Sample.Pair _ -> {}
            }
        });
    }
}
