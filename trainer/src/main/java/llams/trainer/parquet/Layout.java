package llams.trainer.parquet;

import java.util.ArrayList;
import java.util.List;

/// What the end of a file says of it.
///
/// @param root   of the columns
/// @param groups of rows
record Layout(Field root, List<Group> groups) {
    /// Some rows: of each column a piece.
    record Group(long rows, List<Chunk> chunks) {}

    /// The values of a column in a group of rows.
    ///
    /// @param from   the first byte of its pages
    /// @param bytes  of them all
    /// @param values of it, nulls and empty lists included
    record Chunk(Codec codec, long from, long bytes, long values) {}

    /// A text of any use takes more room than that.
    private static final long MOST_VALUES_OF_BYTE = 4096;
    private static final long ANY_VALUES = 1_000_000;

    /// @param fileBytes of the whole file
    /// @throws Damage if it is no such end, or tells what cannot be
    static Layout of(Thrift end, long fileBytes) {
        Damage.check(!end.has(8), "encrypted columns");
        Field root = Field.root(end.structs(2));
        List<Group> groups = new ArrayList<>();
        long values = 0;
        for (Thrift group : end.structs(4)) {
            List<Chunk> chunks = new ArrayList<>();
            for (Thrift column : group.structs(1)) {
                Damage.check(!column.has(8) && column.has(3), "encrypted columns");
                Damage.check(!column.has(1), "columns that are in other files");
                chunks.add(chunk(column.struct(3), fileBytes));
                values = added(values, chunks.getLast().values, fileBytes);
            }
            Damage.check(chunks.size() == root.columns(), chunks.size() + " columns, not " + root.columns());
            long rows = group.number(3);
            values = added(values, rows, fileBytes);
            groups.add(new Group(rows, chunks));
        }
        return new Layout(root, groups);
    }

    /// The bytes of all groups before a group, and of its first rows.
    long bytesBefore(int group, long rows) {
        double bytes = 0;
        for (int g = 0; g <= group; g++) {
            double part = g < group ? 1 : (double) rows / Math.max(1, groups.get(g).rows);
            bytes += part * groups.get(g).chunks.stream().mapToLong(Chunk::bytes).sum();
        }
        return (long) bytes;
    }

    private static long added(long values, long more, long fileBytes) {
        long most = ANY_VALUES + MOST_VALUES_OF_BYTE * fileBytes;
        Damage.check(more >= 0 && more <= most - values, "more values than it has room for");
        return values + more;
    }

    private static Chunk chunk(Thrift column, long fileBytes) {
        Codec codec = Codec.values()[column.count(4, Codec.values().length - 1)];
        long data = column.number(9);
        long dictionary = column.number(11, 0);
        long from = dictionary > 0 && dictionary < data ? dictionary : data;
        long bytes = column.number(7);
        Damage.check(from >= 0 && bytes >= 0 && from <= fileBytes && bytes <= fileBytes - from,
                "values that would be behind its end; is it cut short?");
        return new Chunk(codec, from, bytes, column.number(5));
    }
}
