package llams.trainer.data;

import java.util.function.Consumer;
import llams.model.files.DataException;

/// What the rows of a run's files are.
public enum RowForm {
    /// Texts, conversations and ids, see [JsonlReader].
    SAMPLE {
        @Override
        void read(Row row, Consumer<Sample> samples) {
            JsonlReader.read(row, samples);
        }

        @Override
        void checkText(String file) {}
    },
    /// Two answers to one prompt, see [PairReader].
    PAIR {
        @Override
        void read(Row row, Consumer<Sample> samples) {
            samples.accept(PairReader.pair(row));
        }

        @Override
        void checkText(String file) {
            throw new DataException(file + ": text without rows, and so without pairs of answers; wanted "
                    + PairReader.EXAMPLE + " in each line; docs/DATA.md has examples");
        }
    };

    /// Passes on what a row holds.
    ///
    /// @throws DataException if it is nothing of this form
    abstract void read(Row row, Consumer<Sample> samples);

    /// @throws DataException if a file of text, without rows, is nothing of this form
    abstract void checkText(String file);
}
