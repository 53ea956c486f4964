package llams.trainer.data;

import java.util.function.Consumer;
import java.util.function.Supplier;
import llams.model.files.DataException;
import tools.jackson.databind.node.ObjectNode;

/// Turns the rows of any kind of file into samples.
///
/// @param columns what keys are called in the files
record RowReader(RowForm form, Columns columns) {
    static final RowReader STANDARD = new RowReader(RowForm.SAMPLE, Columns.NONE);

    /// A row that is parsed later, on any thread.
    ///
    /// @param chars of the row, about
    Unit unit(int chars, Supplier<ObjectNode> row, String place) {
        return new Unit(chars, false, (notes, samples) -> read(row, place, notes, samples));
    }

    /// Reads a row and notes what of it cannot be used.
    private void read(Supplier<ObjectNode> parsed, String place, FileNotes notes, Consumer<Sample> samples) {
        try {
            ObjectNode object = parsed.get();
            notes.seen(object);
            Row row = new Row(object, place, columns);
            form.read(row, samples);
            notes.used(row.unused());
        } catch (DataException e) {
            notes.unusable(e);
        }
    }
}
