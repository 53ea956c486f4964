package llams.trainer.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import llams.model.files.DataException;
import tools.jackson.databind.node.ObjectNode;

/// A Parquet file, whose rows come one after the other. Only a page of each column is in memory at a time.
///
/// | in the file | in a row |
/// |---|---|
/// | bytes | a text if they are UTF-8, else binary |
/// | whole numbers, decimals, dates and times | the number that is stored |
/// | list, map, group | list, object, object |
public final class ParquetFile implements Closeable {
    /// What the file begins and ends with.
    public static final String MAGIC = "PAR1";
    private static final int TAIL_BYTES = 8;
    /// The list of columns and groups has a few kilobytes; a hundred times that in memory.
    private static final int MOST_END_BYTES = 16 << 20;

    private final String name;
    private final FileChannel channel;
    private final Layout layout;
    private int group;
    private long inGroup;
    private Assembly rows;

    private ParquetFile(String name, FileChannel channel) throws IOException {
        this.name = name;
        this.channel = channel;
        this.layout = layout();
    }

    /// @throws DataException if it is no Parquet file, or one that cannot be read
    public static ParquetFile open(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file);
        try {
            return new ParquetFile(file.toString(), channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private Layout layout() throws IOException {
        long size = channel.size();
        if (size < MAGIC.length() + TAIL_BYTES || !isMagic(bytes(0, MAGIC.length()))) {
            throw new DataException(name + ": not a Parquet file; it does not begin as one");
        }
        ByteBuffer tail = ByteBuffer.wrap(bytes(size - TAIL_BYTES, TAIL_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        if (!isMagic(Arrays.copyOfRange(tail.array(), Integer.BYTES, TAIL_BYTES))) {
            throw new DataException(name + ": a Parquet file without its end; is it cut short, or encrypted?");
        }
        int length = tail.getInt();
        try {
            Damage.check(length >= 0 && length <= Math.min(MOST_END_BYTES, size - TAIL_BYTES),
                    "an end of " + length + " bytes");
            return Layout.of(Thrift.read(ByteBuffer.wrap(bytes(size - TAIL_BYTES - length, length))), size);
        } catch (RuntimeException e) {
            throw damaged("", e);
        }
    }

    private static boolean isMagic(byte[] bytes) {
        return Arrays.equals(bytes, MAGIC.getBytes(StandardCharsets.US_ASCII));
    }

    /// However decoding fails, it is the file's fault.
    private DataException damaged(String where, RuntimeException e) {
        return switch (e) {
            case DataException known -> known;
            case Damage damage -> new DataException(name + where + ": cannot be read: " + damage.getMessage(), e);
            default -> new DataException(name + where + ": cannot be read: its content makes no sense there", e);
        };
    }

    /// The next row; null after the last.
    ///
    /// @throws DataException if the file is damaged
    public ObjectNode next() throws IOException {
        try {
            while (rows == null || inGroup == layout.groups().get(group - 1).rows()) {
                if (rows != null) {
                    rows.finish();
                    rows = null;
                }
                if (group == layout.groups().size()) {
                    return null;
                }
                inGroup = 0;
                rows = new Assembly(layout.root(), layout.groups().get(group++), this::bytes);
            }
            inGroup++;
            return rows.row();
        } catch (RuntimeException e) {
            throw damaged(", row group " + group + ", row " + inGroup, e);
        }
    }

    /// About how many bytes of the file have been read.
    public long doneBytes() {
        return group == 0 ? 0 : layout.bytesBefore(group - 1, inGroup);
    }

    private byte[] bytes(long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
            // Until all are there.
        }
        if (bytes.hasRemaining()) {
            throw new DataException(name + " was cut short while it was read");
        }
        return bytes.array();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
