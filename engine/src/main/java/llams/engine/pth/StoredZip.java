package llams.engine.pth;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.tensor.Tensor;

/// The entries of a zip file that are stored as they are, so that they can be used where they lie; PyTorch writes no
/// others. Files and entries may be larger than 4 GiB (Zip64).
final class StoredZip {
    private static final int END = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END64 = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR = 0x07064b50;
    private static final int LOCATOR_BYTES = 20;
    private static final int ENTRY = 0x02014b50;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int ZIP64_FIELD = 1;
    /// A number that stands in the entry's Zip64 field.
    private static final long ELSEWHERE = 0xffffffffL;
    private static final int MOST_COMMENT_BYTES = 0xffff;
    private static final int MOST_ENTRIES = 250_000;
    private static final int MOST_NAME_BYTES = 1 << 10;

    private final Path file;
    private final MemorySegment data;
    private final Map<String, MemorySegment> entries = new LinkedHashMap<>();

    private StoredZip(Path file, MemorySegment data) {
        this.file = file;
        this.data = data;
    }

    /// The contents of all entries by name.
    ///
    /// @throws PthException if it is no zip file, or an entry is compressed, encrypted or out of its bounds
    static Map<String, MemorySegment> entries(Path file, MemorySegment data) throws PthException {
        StoredZip zip = new StoredZip(file, data);
        zip.read();
        return zip.entries;
    }

    private void read() throws PthException {
        long end = end();
        long count = u16(end + 10);
        long begin = u32(end + 16);
        long locator = end - LOCATOR_BYTES;
        if (locator >= 0 && i32(locator) == LOCATOR) {
            long end64 = within(i64(locator + 8), END64_BYTES, "the end of its directory");
            if (i32(end64) != END64) {
                throw new PthException(file, "has no end of a directory at byte " + end64);
            }
            count = i64(end64 + 32);
            begin = i64(end64 + 48);
        }
        if (count < 0 || count > MOST_ENTRIES) {
            throw new PthException(file,
                    "has " + Long.toUnsignedString(count) + " entries; this program reads " + MOST_ENTRIES);
        }
        long at = begin;
        for (int i = 0; i < count; i++) {
            at = entry(at);
        }
    }

    /// The place of the last record, which a comment may follow.
    private long end() throws PthException {
        long least = Math.max(0, data.byteSize() - END_BYTES - MOST_COMMENT_BYTES);
        for (long at = data.byteSize() - END_BYTES; at >= least; at--) {
            if (i32(at) == END) {
                return at;
            }
        }
        throw new PthException(file, "has no directory of a zip file at its end; it is no PyTorch file of today's form,"
                + " or the download is cut short");
    }

    /// Reads an entry of the directory; returns where the next begins.
    private long entry(long at) throws PthException {
        within(at, ENTRY_BYTES, "an entry of its directory");
        if (i32(at) != ENTRY) {
            throw new PthException(file, "has no entry of a directory at byte " + at);
        }
        int nameBytes = u16(at + 28);
        int extraBytes = u16(at + 30);
        long next = at + ENTRY_BYTES + nameBytes + extraBytes + u16(at + 32);
        within(at, next - at, "an entry of its directory");
        if (nameBytes > MOST_NAME_BYTES) {
            throw new PthException(file, "has an entry with a name of " + nameBytes + " bytes");
        }
        String name = new String(data.asSlice(at + ENTRY_BYTES, nameBytes).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8);
        long stored = u32(at + 20);
        long size = u32(at + 24);
        long local = u32(at + 42);
        long field = at + ENTRY_BYTES + nameBytes;
        long fields = field + extraBytes;
        while (field + 4 <= fields && u16(field) != ZIP64_FIELD) {
            field += 4 + u16(field + 2);
        }
        // The field has those numbers only that have no room elsewhere, in this order.
        long number = field + 4;
        if (size == ELSEWHERE) {
            size = number + 8 <= fields ? i64(number) : -1;
            number += 8;
        }
        if (stored == ELSEWHERE) {
            stored = number + 8 <= fields ? i64(number) : -1;
            number += 8;
        }
        if (local == ELSEWHERE) {
            local = number + 8 <= fields ? i64(number) : -1;
        }
        if (u16(at + 10) != 0 || stored != size || (u16(at + 8) & 1) != 0) {
            throw new PthException(file,
                    "has the entry \"" + name + "\" compressed or encrypted; PyTorch stores them" + " as they are");
        }
        within(local, LOCAL_BYTES, "\"" + name + "\"");
        if (i32(local) != LOCAL) {
            throw new PthException(file, "has no entry \"" + name + "\" at byte " + local);
        }
        long begin = local + LOCAL_BYTES + u16(local + 26) + u16(local + 28);
        within(begin, size, "\"" + name + "\"");
        if (entries.put(name, data.asSlice(begin, size)) != null) {
            throw new PthException(file, "has the entry \"" + name + "\" twice");
        }
        return next;
    }

    private long within(long begin, long bytes, String what) throws PthException {
        if (begin < 0 || bytes < 0 || begin > data.byteSize() || bytes > data.byteSize() - begin) {
            throw new PthException(file, "says that " + what + " has bytes " + begin + " to " + (begin + bytes)
                    + ", but it has " + data.byteSize());
        }
        return begin;
    }

    private int u16(long at) {
        return data.get(Tensor.I16, at) & 0xffff;
    }

    private int i32(long at) {
        return data.get(Tensor.I32, at);
    }

    private long u32(long at) {
        return i32(at) & 0xffffffffL;
    }

    private long i64(long at) {
        return data.get(Tensor.I64, at);
    }
}
