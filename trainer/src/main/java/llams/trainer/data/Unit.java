package llams.trainer.data;

import java.util.function.Consumer;

/// A row or a text of a file that has been cut out but not looked into, so that any thread may do that.
///
/// @param chars     how much there is to read, about
/// @param plainText whether it is text as it stands, whose lines are the file's lines
record Unit(int chars, boolean plainText, Content content) {
    @FunctionalInterface
    interface Content {
        /// Reads the samples, and notes what cannot be used.
        ///
        /// @throws llams.model.files.DataException if the file cannot be used because of it
        void read(FileNotes notes, Consumer<Sample> samples);
    }

    static Unit of(Sample.Text text) {
        return new Unit(text.text().length(), true, (_, samples) -> samples.accept(text));
    }
}
