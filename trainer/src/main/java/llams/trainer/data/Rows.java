package llams.trainer.data;

import java.io.IOException;
import llams.model.files.DataException;

/// Rows of data as text, one after the other: the lines of a file, or the objects of a JSON list.
public interface Rows {
    /// The next row; null after the last.
    ///
    /// @throws DataException if the row is not text; the next call continues with the row after it
    String next() throws IOException;

    /// Where the row last returned stands, for messages.
    String place();
}
