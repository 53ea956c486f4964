package llams.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.gguf.GgufFile.Entry;
import llams.engine.gguf.GgufValue.Type;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Reads what stands before the data of a GGUF file:
///
/// ```text
/// "GGUF", version u32, number of tensors u64, number of keys u64
/// each key:     name, type u32, value
/// each tensor:  name, rank u32, dimensions u64 (the innermost first), type u32, offset u64 in the data
/// ```
///
/// A text is its length in bytes, u64, and UTF-8; an array is the type of its elements, u32, their number, u64, and the
/// elements. The data begin at the next multiple of `general.alignment`, or 32.
///
/// Arrays are checked and left where they are. All else is kept, and bounded, so that no file, however hostile, needs
/// more than some 100 MB.
final class GgufParser {
    static final int DEFAULT_ALIGNMENT = 32;
    static final String ALIGNMENT = "general.alignment";
    private static final String SPLIT = "split.count";
    /// Far above any model, and so are the others.
    private static final int MAX_TENSORS = 250_000;
    private static final int MAX_KEYS = 100_000;
    private static final int MAX_ELEMENTS = 1 << 24;
    private static final int MAX_RANK = 4;
    private static final int MAX_ALIGNMENT = 1 << 20;
    private static final int MAX_NAME_BYTES = 1 << 10;
    /// Bytes of all names and texts together, those in arrays aside.
    private static final int MAX_TEXT_BYTES = 32 << 20;

    /// A tensor's line, before it is known where the data begin.
    private record Line(TensorInfo info, long offset) {}

    private final Path file;
    private final MemorySegment data;
    private final Map<String, GgufValue> values = new LinkedHashMap<>();
    private final Map<String, Line> lines = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private long at = GgufFile.MAGIC.length;
    private long textBytes;

    GgufParser(Path file, MemorySegment data) {
        this.file = file;
        this.data = data;
    }

    Map<String, GgufValue> metadata() {
        return Collections.unmodifiableMap(values);
    }

    /// By name, in the order of the data.
    Map<String, Entry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    void parse() throws GgufException {
        version(u32("the version"));
        int tensors = count("tensors", MAX_TENSORS);
        int keys = count("keys", MAX_KEYS);
        for (int i = 0; i < keys; i++) {
            String key = text("the name of key " + i, MAX_NAME_BYTES);
            if (values.put(key, value("\"" + key + "\"")) != null) {
                throw new GgufException(file, "has the key \"" + key + "\" twice");
            }
        }
        if (values.get(SPLIT) instanceof GgufValue.Whole split && split.value() > 1) {
            throw new GgufException(file,
                    "is one of " + split.value() + " parts of a model; join them with 'llama-gguf-split --merge'");
        }
        for (int i = 0; i < tensors; i++) {
            tensor("tensor " + i);
        }
        place();
    }

    private void version(int version) throws GgufException {
        if (version == Integer.reverseBytes(2) || version == Integer.reverseBytes(3)) {
            throw new GgufException(file, "is a big-endian GGUF file; this program reads little-endian ones");
        }
        if (version != 2 && version != 3) {
            throw new GgufException(file,
                    "is GGUF version " + Integer.toUnsignedString(version) + "; this program reads versions 2 and 3");
        }
    }

    private void tensor(String what) throws GgufException {
        String name = text("the name of " + what, MAX_NAME_BYTES);
        int rank = u32("the rank of \"" + name + "\"");
        if (rank < 0 || rank > MAX_RANK) {
            throw new GgufException(file, "\"" + name + "\" has " + Integer.toUnsignedString(rank)
                    + " dimensions; the format allows " + MAX_RANK);
        }
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[rank - 1 - i] = u64("a dimension of \"" + name + "\"");
        }
        int number = u32("the type of \"" + name + "\"");
        DType dtype = GgmlTypes.of(number);
        if (dtype == null) {
            throw new GgufException(file, "\"" + name + "\" is of type " + GgmlTypes.name(number)
                    + ", which this program does not read; it reads " + GgmlTypes.known());
        }
        TensorInfo info;
        try {
            info = new TensorInfo(name, dtype, Shape.of(dims));
            info.bytes();
        } catch (IllegalArgumentException e) {
            throw new GgufException(file, "\"" + name + "\": " + e.getMessage(), e);
        }
        if (lines.put(name, new Line(info, u64("the offset of \"" + name + "\""))) != null) {
            throw new GgufException(file, "has the tensor \"" + name + "\" twice");
        }
    }

    /// Finds out where the tensors lie, and that they lie within the file and apart.
    private void place() throws GgufException {
        long alignment = alignment();
        long dataStart = Math.ceilDiv(at, alignment) * alignment;
        List<Line> sorted = new ArrayList<>(lines.values());
        sorted.sort(Comparator.comparingLong(Line::offset).thenComparingLong(line -> line.info.bytes()));
        long covered = 0;
        String before = null;
        for (Line line : sorted) {
            String name = line.info.name();
            long bytes = line.info.bytes();
            if (line.offset % alignment != 0) {
                throw new GgufException(file, "\"" + name + "\" begins at " + line.offset
                        + " in the data, not at a multiple of " + alignment);
            }
            if (line.offset > data.byteSize() - dataStart || bytes > data.byteSize() - dataStart - line.offset) {
                throw new GgufException(file,
                        "\"" + name + "\" " + line.info.form() + " begins at byte " + dataStart + " + " + line.offset
                                + " and has " + bytes + ", but the file has " + data.byteSize()
                                + "; the download is probably cut short");
            }
            if (line.offset < covered) {
                throw new GgufException(file, "\"" + name + "\" begins at " + line.offset + " in the data, inside \""
                        + before + "\" that ends at " + covered);
            }
            covered = line.offset + bytes;
            before = name;
            entries.put(name, new Entry(line.info, dataStart + line.offset, dataStart + covered));
        }
    }

    private long alignment() throws GgufException {
        long alignment = new GgufMetadata(file, values).whole(ALIGNMENT, DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw new GgufException(file,
                    "\"" + ALIGNMENT + "\" is " + alignment + "; wanted a power of two up to " + MAX_ALIGNMENT);
        }
        return alignment;
    }

    private GgufValue value(String what) throws GgufException {
        Type type = type(what);
        return switch (type) {
            case UINT8 -> new GgufValue.Whole(type, data.get(ValueLayout.JAVA_BYTE, take(type, what)) & 0xff);
            case INT8 -> new GgufValue.Whole(type, data.get(ValueLayout.JAVA_BYTE, take(type, what)));
            case UINT16 -> new GgufValue.Whole(type, data.get(Tensor.I16, take(type, what)) & 0xffff);
            case INT16 -> new GgufValue.Whole(type, data.get(Tensor.I16, take(type, what)));
            case UINT32 -> new GgufValue.Whole(type, Integer.toUnsignedLong(u32(what)));
            case INT32 -> new GgufValue.Whole(type, u32(what));
            case UINT64, INT64 -> new GgufValue.Whole(type, data.get(Tensor.I64, take(type, what)));
            case FLOAT32 -> new GgufValue.Real(type, data.get(Tensor.F32, take(type, what)));
            case FLOAT64 -> new GgufValue.Real(type, data.get(Tensor.F64, take(type, what)));
            case BOOL -> new GgufValue.Flag(data.get(ValueLayout.JAVA_BYTE, take(type, what)) != 0);
            case STRING -> new GgufValue.Text(text(what, MAX_TEXT_BYTES));
            case ARRAY -> array(what);
        };
    }

    private GgufValue array(String what) throws GgufException {
        Type type = type(what);
        if (type == Type.ARRAY) {
            throw new GgufException(file, what + " is an array of arrays, which this program does not read");
        }
        int count = count("elements of " + what, MAX_ELEMENTS);
        long begin = at;
        if (type == Type.STRING) {
            for (int i = 0; i < count; i++) {
                take(length(what, MAX_TEXT_BYTES), what);
            }
        } else {
            take((long) count * type.bytes, what);
        }
        return new GgufValue.Array(type, count, data.asSlice(begin, at - begin));
    }

    private Type type(String what) throws GgufException {
        int number = u32("the type of " + what);
        if (number < 0 || number >= Type.values().length) {
            throw new GgufException(file,
                    what + " is of type " + Integer.toUnsignedString(number) + ", which the format does not have");
        }
        return Type.values()[number];
    }

    private int count(String what, int most) throws GgufException {
        long count = data.get(Tensor.I64, take(Long.BYTES, "the number of " + what));
        if (count < 0 || count > most) {
            throw new GgufException(file, "says that there are " + Long.toUnsignedString(count) + " " + what
                    + "; this program reads " + most);
        }
        return (int) count;
    }

    private String text(String what, int mostBytes) throws GgufException {
        int length = length(what, mostBytes);
        textBytes += length;
        if (textBytes > MAX_TEXT_BYTES) {
            throw new GgufException(file,
                    "has more than " + MAX_TEXT_BYTES + " bytes of names and texts, up to " + what);
        }
        return GgufValue.text(data, take(length, what), length);
    }

    private int length(String what, int mostBytes) throws GgufException {
        long length = data.get(Tensor.I64, take(Long.BYTES, what));
        if (length < 0 || length > mostBytes) {
            throw new GgufException(file, "has " + Long.toUnsignedString(length) + " bytes of text in " + what
                    + "; this program reads " + mostBytes);
        }
        return (int) length;
    }

    private int u32(String what) throws GgufException {
        return data.get(Tensor.I32, take(Integer.BYTES, what));
    }

    private long u64(String what) throws GgufException {
        long value = data.get(Tensor.I64, take(Long.BYTES, what));
        if (value < 0) {
            throw new GgufException(file, what + " is " + Long.toUnsignedString(value) + ", beyond any file");
        }
        return value;
    }

    private long take(Type type, String what) throws GgufException {
        return take(type.bytes, what);
    }

    /// Where the next bytes begin; they are read then.
    private long take(long bytes, String what) throws GgufException {
        if (bytes > data.byteSize() - at) {
            throw new GgufException(file, "ends at byte " + data.byteSize() + " within " + what
                    + ", which begins at byte " + at + "; the download is probably cut short");
        }
        long begin = at;
        at += bytes;
        return begin;
    }
}
