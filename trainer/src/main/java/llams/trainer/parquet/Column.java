package llams.trainer.parquet;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;

/// The values of a column in a group of rows, one after the other. A page is read when its first value is wanted.
final class Column {
    /// Reads bytes of the file.
    @FunctionalInterface
    interface Bytes {
        byte[] read(long from, int length) throws IOException;
    }

    private static final int HEAD_BYTES = 1 << 12;
    private static final int MOST_HEAD_BYTES = 1 << 24;
    /// What a page may have however small it is compressed, and more than deflate or snappy make of a byte.
    private static final long ROOM_BYTES = 16L << 20;
    private static final int MOST_RATIO = 1100;

    final Field field;
    private final Layout.Chunk chunk;
    private final Bytes file;
    private final PageMemory memory;
    private final long end;
    private long at;
    private long given;
    private PlainValues dictionary;
    private Page page;
    private boolean isAtEnd;

    Column(Field field, Layout.Chunk chunk, Bytes file, PageMemory memory) throws IOException {
        this.field = field;
        this.chunk = chunk;
        this.file = file;
        this.memory = memory;
        at = chunk.from();
        end = chunk.from() + chunk.bytes();
        advance();
    }

    boolean isAtEnd() {
        return isAtEnd;
    }

    /// How deep the value at hand repeats what is around it; 0 for the first of a row.
    int repetition() {
        return isAtEnd ? 0 : page.repetition;
    }

    /// How deep what is around the value at hand is there.
    int definition() {
        Damage.check(!isAtEnd, "fewer values than rows");
        return page.definition;
    }

    /// The value at hand, and goes on to the next.
    JsonNode take() throws IOException {
        JsonNode value = definition() == field.definition() ? page.value() : NullNode.instance;
        advance();
        return value;
    }

    private void advance() throws IOException {
        while (page == null || !page.advance()) {
            if (at >= end) {
                Damage.check(given == chunk.values(), given + " values where " + chunk.values() + " are said to be");
                isAtEnd = true;
                memory.change(page == null ? 0 : -page.bytes);
                return;
            }
            readPage();
        }
        given++;
        Damage.check(given <= chunk.values(), "more values than the " + chunk.values() + " that are said to be");
    }

    private void readPage() throws IOException {
        Thrift head = head();
        int length = head.count(3, (int) Math.min(Integer.MAX_VALUE, end - at));
        int size = head.count(2, Integer.MAX_VALUE);
        Damage.check(size <= ROOM_BYTES + (long) MOST_RATIO * length, length + " bytes said to become " + size);
        switch ((int) head.number(1)) {
            case 0 -> become(Page.ofFirstVersion(head.struct(5), content(head, length, 0, size), field, dictionary));
            case 2 -> {
                Damage.check(dictionary == null && page == null, "a dictionary that is not the first page");
                memory.change(size);
                dictionary = PlainValues.dictionary(Page.littleEndian(content(head, length, 0, size)), field,
                        head.struct(7).count(1, Integer.MAX_VALUE));
            }
            case 3 -> {
                Thrift second = head.struct(8);
                int levels = second.count(5, length) + second.count(6, length);
                Damage.check(levels <= Math.min(length, size), "levels of " + levels + " bytes");
                boolean isCompressed = second.number(7, 1) == 1;
                become(Page.ofSecondVersion(second, content(head, length, isCompressed ? levels : length, size), field,
                        dictionary));
            }
            default -> {
                // An index, which is not needed.
            }
        }
        at += length;
    }

    private void become(Page next) {
        memory.change(next.bytes - (page == null ? 0 : page.bytes));
        page = next;
    }

    /// What stands before a page; `at` is behind it then.
    private Thrift head() throws IOException {
        for (int length = HEAD_BYTES;; length *= 8) {
            ByteBuffer bytes = ByteBuffer.wrap(file.read(at, (int) Math.min(length, end - at)));
            try {
                Thrift head = Thrift.read(bytes);
                at += bytes.position();
                return head;
            } catch (BufferUnderflowException _) {
                Damage.check(length < end - at && length < MOST_HEAD_BYTES, "a page without beginning");
            }
        }
    }

    /// The bytes of a page, decompressed.
    ///
    /// @param plain how many of the first are not compressed
    /// @param size  of all, decompressed
    private byte[] content(Thrift head, int length, int plain, int size) throws IOException {
        byte[] raw = file.read(at, length);
        if (head.has(4)) {
            CRC32 sum = new CRC32();
            sum.update(raw);
            Damage.check((int) sum.getValue() == (int) head.number(4), "a page that does not have its checksum");
        }
        if (plain == length) {
            Damage.check(size == length, length + " bytes where " + size + " are said to be");
            return raw;
        }
        byte[] rest = chunk.codec().decompressed(raw, plain, size - plain);
        if (plain == 0) {
            return rest;
        }
        byte[] all = new byte[size];
        System.arraycopy(raw, 0, all, 0, plain);
        System.arraycopy(rest, 0, all, plain, rest.length);
        return all;
    }
}
