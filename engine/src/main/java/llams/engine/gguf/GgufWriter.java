package llams.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.io.NewFiles;
import llams.engine.safetensors.TensorInfo;

/// Writes a GGUF file of version 3 whose tensors' names, types and shapes are known first, one at a time or in parts, so
/// that a model is never in memory as a whole. A tensor's place follows from the plan alone, so they may be written in
/// any order.
///
/// All goes to a temporary name beside the final one; [#finish] gives the file its name, and closing without it leaves
/// nothing behind.
public final class GgufWriter implements AutoCloseable {
    private static final int VERSION = 3;

    private static final class Slot {
        final TensorInfo info;
        final long begin;
        long written;

        Slot(TensorInfo info, long begin) {
            this.info = info;
            this.begin = begin;
        }
    }

    private final NewFiles files;
    private final NewFiles.NewFile file;
    private final Map<String, Slot> slots = new LinkedHashMap<>();

    private GgufWriter(Path file) throws IOException {
        files = new NewFiles(file.toAbsolutePath().getParent());
        this.file = files.create(file);
    }

    /// Starts a file.
    ///
    /// @param metadata without `general.alignment`
    /// @param plan     the tensors, in the order of their data; shapes have the outermost dimension first
    /// @throws IOException              if the file cannot be written or the disk has not enough room
    /// @throws IllegalArgumentException if a type is not the format's, or a name is there twice
    public static GgufWriter create(Path file, Map<String, GgufValue> metadata, List<TensorInfo> plan)
            throws IOException {
        GgufWriter writer = new GgufWriter(file);
        try {
            writer.start(metadata, plan);
            return writer;
        } catch (Throwable e) {
            writer.files.abandon(e);
            throw e;
        }
    }

    private void start(Map<String, GgufValue> metadata, List<TensorInfo> plan) throws IOException {
        Bytes header = new Bytes();
        header.writeBytes(GgufFile.MAGIC);
        header.u32(VERSION);
        header.u64(plan.size());
        header.u64(metadata.size());
        metadata.forEach((key, value) -> {
            header.text(key);
            header.u32(value.typeNumber());
            header.value(value);
        });
        long offset = 0;
        Map<String, Long> offsets = new LinkedHashMap<>();
        for (TensorInfo info : plan) {
            header.text(info.name());
            long[] dims = info.shape().dims();
            header.u32(dims.length);
            for (int i = dims.length - 1; i >= 0; i--) {
                header.u64(dims[i]);
            }
            header.u32(GgmlTypes.number(info.dtype()));
            header.u64(offset);
            if (offsets.put(info.name(), offset) != null) {
                throw new IllegalArgumentException("the plan names \"" + info.name() + "\" twice");
            }
            offset = padded(offset + info.bytes());
        }
        header.writeBytes(new byte[(int) (padded(header.size()) - header.size())]);
        files.checkRoom(header.size() + offset);
        for (TensorInfo info : plan) {
            slots.put(info.name(), new Slot(info, header.size() + offsets.get(info.name())));
        }
        file.write(ByteBuffer.wrap(header.toByteArray()), 0);
    }

    private static long padded(long bytes) {
        return Math.ceilDiv(bytes, GgufParser.DEFAULT_ALIGNMENT) * GgufParser.DEFAULT_ALIGNMENT;
    }

    /// Writes the next bytes of a tensor.
    ///
    /// @throws IllegalArgumentException if that is more than the tensor has
    public void append(String name, MemorySegment part) throws IOException {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("\"" + name + "\" is not in the plan");
        }
        long total = slot.info.bytes();
        if (part.byteSize() > total - slot.written) {
            throw new IllegalArgumentException("\"" + name + "\" has " + total + " bytes, " + slot.written
                    + " of them written; " + part.byteSize() + " more do not fit");
        }
        file.write(part, slot.begin + slot.written);
        slot.written += part.byteSize();
    }

    /// Fills the gaps, forces everything to the disk and gives the file its name.
    ///
    /// @throws IllegalStateException if a planned tensor was not written whole
    public void finish() throws IOException {
        for (Slot slot : slots.values()) {
            long total = slot.info.bytes();
            if (slot.written != total) {
                throw new IllegalStateException(
                        "\"" + slot.info.name() + "\" has " + total + " bytes, only " + slot.written + " were written");
            }
            // Readers want the last tensor padded too.
            file.write(ByteBuffer.allocate((int) (padded(total) - total)), slot.begin + total);
        }
        files.publish();
    }

    /// Without [#finish] before it, removes what was written.
    @Override
    public void close() throws IOException {
        files.close();
    }

    /// The format's values as bytes.
    private static final class Bytes extends ByteArrayOutputStream {
        private void bits(long bits, int bytes) {
            for (int i = 0; i < bytes; i++) {
                write((int) (bits >>> 8 * i));
            }
        }

        void u32(int value) {
            bits(value, Integer.BYTES);
        }

        void u64(long value) {
            bits(value, Long.BYTES);
        }

        void text(String text) {
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            u64(content.length);
            writeBytes(content);
        }

        void value(GgufValue value) {
            switch (value) {
                case GgufValue.Whole whole -> bits(whole.value(), whole.type().bytes);
                case GgufValue.Real(GgufValue.Type type, double real) -> bits(type == GgufValue.Type.FLOAT32
                        ? Float.floatToRawIntBits((float) real)
                        : Double.doubleToRawLongBits(real), type.bytes);
                case GgufValue.Flag flag -> write(flag.value() ? 1 : 0);
                case GgufValue.Text text -> text(text.value());
                case GgufValue.Array array -> {
                    u32(array.type().ordinal());
                    u64(array.count());
                    writeBytes(array.data().toArray(ValueLayout.JAVA_BYTE));
                }
            }
        }
    }
}
