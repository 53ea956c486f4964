package llams.trainer.watch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A run's figures for TensorBoard, in `OUT/tensorboard`: an event file, which is a sequence of TFRecords (a length, its
/// checksum, the bytes, their checksum) of `Event` protocol buffers. A resumed run begins another file; TensorBoard drops
/// what the earlier one has from that step on.
public final class EventFile implements Watcher {
    public static final String DIRECTORY = "tensorboard";
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    /// `SessionLog.status`: START.
    private static final int START = 1;
    private static final long MASK_DELTA = 0xa282ead8L;

    private final FileChannel file;

    /// @param start steps done before
    public EventFile(Path run, int start) throws IOException {
        Path directory = Files.createDirectories(run.resolve(DIRECTORY));
        long second = System.currentTimeMillis() / 1000;
        String name = "events.out.tfevents." + second + "." + ProcessHandle.current().pid() + ".llams";
        file = FileChannel.open(directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        write(new Message().bytes(3, "brain.Event:2".getBytes(StandardCharsets.US_ASCII)), 0);
        if (start > 0) {
            write(new Message().bytes(7, new Message().varint(1, START).toBytes()), start);
        }
    }

    @Override
    public void row(ObjectNode row, boolean matters) throws IOException {
        Message summary = new Message();
        for (Map.Entry<String, JsonNode> field : row.properties()) {
            if (field.getValue().isNumber() && !field.getKey().startsWith("step")) {
                summary.bytes(1,
                        new Message().bytes(1, field.getKey().getBytes(StandardCharsets.UTF_8))
                                .fixed32(2, (float) field.getValue().asDouble())
                                .toBytes());
            }
        }
        write(new Message().bytes(5, summary.toBytes()), row.path("step").asInt() + 1);
    }

    @Override
    public void end(String state) throws IOException {
        file.close();
    }

    private void write(Message what, long step) throws IOException {
        byte[] event = new Message().fixed64(1, System.currentTimeMillis() / 1e3).varint(2, step).and(what).toBytes();
        ByteBuffer length = buffer(8).putLong(event.length).flip();
        ByteBuffer record = buffer(event.length + 16).put(length.duplicate())
                .putInt(maskedCrc(length))
                .put(event)
                .putInt(maskedCrc(ByteBuffer.wrap(event)))
                .flip();
        while (record.hasRemaining()) {
            file.write(record);
        }
    }

    /// The checksum of a TFRecord: CRC-32C, turned and shifted so that sums of sums do not cancel.
    static int maskedCrc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        long value = crc.getValue();
        return (int) ((value >>> 15 | value << 17) + MASK_DELTA);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// The fields of a protocol buffer, in the order in which they are put.
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message varint(int field, long value) {
            tag(field, VARINT);
            number(value);
            return this;
        }

        Message bytes(int field, byte[] value) {
            tag(field, BYTES);
            number(value.length);
            out.writeBytes(value);
            return this;
        }

        Message fixed64(int field, double value) {
            tag(field, FIXED64);
            out.writeBytes(buffer(8).putDouble(value).array());
            return this;
        }

        Message fixed32(int field, float value) {
            tag(field, FIXED32);
            out.writeBytes(buffer(4).putFloat(value).array());
            return this;
        }

        Message and(Message more) {
            out.writeBytes(more.toBytes());
            return this;
        }

        private void tag(int field, int type) {
            number((long) field << 3 | type);
        }

        private void number(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        byte[] toBytes() {
            return out.toByteArray();
        }
    }
}
