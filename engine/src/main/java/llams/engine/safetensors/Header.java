package llams.engine.safetensors;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.io.MappedFile;
import llams.engine.safetensors.SafetensorsFile.Entry;
import llams.engine.tensor.Tensor;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/// A safetensors header: `{"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]},
/// ...}`.
///
/// The tensors of a header that was read cover the data from its first to its last byte without hole or overlap.
///
/// @param entries by name, in the order of the data; offsets count from the start of the file
record Header(Map<String, Entry> entries, Map<String, String> metadata) {
    /// The format's own limit.
    static final long MAX_BYTES = 100_000_000;
    /// The data of the files written here starts at a multiple of this: a cache line, a 512-bit vector.
    static final int ALIGNMENT = 64;
    private static final int LENGTH_BYTES = 8;

    /// Reads and checks the header of a file.
    static Header read(MappedFile open) throws IOException {
        Path file = open.path;
        long size = open.bytes;
        if (size < LENGTH_BYTES) {
            throw new SafetensorsException(file,
                    "has " + size + " bytes, not even the 8 of a header length; the download is probably cut short");
        }
        byte[] prefix = new byte[LENGTH_BYTES];
        readFully(open, 0, ByteBuffer.wrap(prefix));
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 0 || length > MAX_BYTES) {
            String start = new String(prefix, StandardCharsets.ISO_8859_1);
            if (start.equals("version ")) {
                throw new SafetensorsException(file,
                        "is a Git LFS pointer, not the weights themselves; fetch them with: git lfs pull");
            }
            throw new SafetensorsException(file, "bytes 0 to 8 give a header length of " + Long.toUnsignedString(length)
                    + ", above the format's limit of " + MAX_BYTES + "; this is not a safetensors file");
        }
        long dataStart = LENGTH_BYTES + length;
        if (dataStart > size) {
            throw new SafetensorsException(file, "the header ends at byte " + dataStart + " but the file has " + size
                    + "; the download is probably cut short");
        }
        InputStream json = new BufferedInputStream(part(open, LENGTH_BYTES, dataStart));
        json.mark(1);
        int first = json.read();
        json.reset();
        if (first != '{') {
            throw new SafetensorsException(file,
                    "the header at byte 8 does not start with \"{\"; this is not a safetensors file");
        }
        HeaderParser parser = new HeaderParser(file, json, dataStart);
        parser.parse();
        List<Entry> sorted = new ArrayList<>(parser.entries.values());
        sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        checkCoverage(file, sorted, dataStart, size);
        Map<String, Entry> entries = LinkedHashMap.newLinkedHashMap(sorted.size());
        for (Entry entry : sorted) {
            entries.put(entry.info().name(), entry);
        }
        return new Header(Collections.unmodifiableMap(entries), Collections.unmodifiableMap(parser.metadata));
    }

    /// Bytes `begin` to `end` of a file, read as they are asked for.
    private static InputStream part(MappedFile file, long begin, long end) {
        return new InputStream() {
            private long at = begin;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int count) throws IOException {
                if (at == end) {
                    return -1;
                }
                int length = (int) Math.min(count, end - at);
                readFully(file, at, ByteBuffer.wrap(target, offset, length));
                at += length;
                return length;
            }
        };
    }

    private static void readFully(MappedFile file, long position, ByteBuffer target) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = file.read(target, at);
            if (count < 0) {
                throw new SafetensorsException(file.path,
                        "ends at byte " + at + " while it is being read; another program is cutting it");
            }
            at += count;
        }
    }

    private static void checkCoverage(Path file, List<Entry> sorted, long dataStart, long size)
            throws SafetensorsException {
        for (Entry entry : sorted) {
            if (entry.end() > size) {
                throw new SafetensorsException(file, "\"" + entry.info().name() + "\" ends at byte " + entry.end()
                        + " but the file has " + size + "; the download is probably cut short");
            }
            checkLength(file, entry);
        }
        long covered = dataStart;
        String before = null;
        for (Entry entry : sorted) {
            String name = entry.info().name();
            if (entry.begin() < covered) {
                throw new SafetensorsException(file, "\"" + name + "\" begins at byte " + entry.begin() + ", inside \""
                        + before + "\" that ends at byte " + covered);
            }
            if (entry.begin() > covered) {
                throw new SafetensorsException(file, "bytes " + covered + " to " + entry.begin() + ", before \"" + name
                        + "\", belong to no tensor; the format allows no holes");
            }
            covered = entry.end();
            before = name;
        }
        if (covered < size) {
            throw new SafetensorsException(file, "bytes " + covered + " to " + size
                    + ", after the last tensor, belong to no tensor; the format allows no holes");
        }
    }

    private static void checkLength(Path file, Entry entry) throws SafetensorsException {
        TensorInfo info = entry.info();
        long expected;
        try {
            expected = Tensor.byteSize(info.dtype(), info.shape());
        } catch (IllegalArgumentException e) {
            throw new SafetensorsException(file, "\"" + info.name() + "\" " + e.getMessage(), e);
        }
        long actual = entry.end() - entry.begin();
        if (actual != expected) {
            throw new SafetensorsException(file, "\"" + info.name() + "\" is " + info.form() + ", " + expected
                    + " bytes, but bytes " + entry.begin() + " to " + entry.end() + " are " + actual);
        }
    }

    /// The first bytes of a file that holds `layout` in this order, without holes: length, JSON, and spaces up to the
    /// next multiple of 64.
    ///
    /// @throws IllegalArgumentException if the header would be longer than the format allows, or it has no such type
    static ByteBuffer encode(List<TensorInfo> layout, Map<String, String> metadata) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[LENGTH_BYTES]);
        try (JsonGenerator json = HeaderParser.JSON.createGenerator(ObjectWriteContext.empty(), bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectPropertyStart("__metadata__");
                metadata.forEach(json::writeStringProperty);
                json.writeEndObject();
            }
            long offset = 0;
            for (TensorInfo info : layout) {
                if (!info.dtype().isInSafetensors()) {
                    throw new IllegalArgumentException(
                            "\"" + info.name() + "\" is " + info.dtype() + ", which the format does not have");
                }
                long end = Math.addExact(offset, info.bytes());
                json.writeObjectPropertyStart(info.name());
                json.writeStringProperty("dtype", info.dtype().name());
                json.writeName("shape");
                long[] dims = info.shape().dims();
                json.writeArray(dims, 0, dims.length);
                json.writeName("data_offsets");
                json.writeArray(new long[] {offset, end}, 0, 2);
                json.writeEndObject();
                offset = end;
            }
            json.writeEndObject();
        }
        while (bytes.size() % ALIGNMENT != 0) {
            bytes.write(' ');
        }
        int length = bytes.size() - LENGTH_BYTES;
        if (length > MAX_BYTES) {
            throw new IllegalArgumentException("a header of " + length + " bytes for " + layout.size()
                    + " tensors is above the format's limit of " + MAX_BYTES);
        }
        return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    }
}
