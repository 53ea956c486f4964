package llams.trainer.data;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;

/// Writes a [TeacherFile] sequence by sequence.
public final class TeacherFileWriter implements AutoCloseable {
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final Path temporary;
    private final Disk.Output output;
    private final int count;
    private final ByteBuffer table;
    private long rows;

    /// @param sequences that will be added
    /// @param count     most likely tokens of each
    public TeacherFileWriter(Path file, int sequences, int count) throws IOException {
        this.file = file;
        this.count = count;
        table = little(sequences * TeacherFile.RECORD_BYTES);
        AtomicFiles.createDirectories(file.toAbsolutePath().getParent());
        temporary = AtomicFiles.temporaryFor(file);
        try {
            output = Disk.current().create(temporary);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Adds the next sequence.
    public void add(PackedSequence sequence, TeacherTokens tokens) throws IOException {
        int counted = sequence.counted();
        ByteBuffer block = little(Math.toIntExact(counted * TeacherFile.rowBytes(count)));
        for (int t = 0; t < sequence.ids().length; t++) {
            if (sequence.label()[t] != Document.IGNORED) {
                for (int i = t * count; i < (t + 1) * count; i++) {
                    block.putInt(tokens.ids()[i]);
                }
                for (int i = t * count; i < (t + 1) * count; i++) {
                    block.putFloat(tokens.logp()[i]);
                }
            }
        }
        table.putLong(rows).putInt(counted).putInt(crc(block.flip()));
        try {
            output.write(block, rows * TeacherFile.rowBytes(count));
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
        rows += counted;
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }

    /// Completes the file, which has its name from now on.
    ///
    /// @param fingerprint of the teacher
    public void finish(String fingerprint) throws IOException {
        byte[] teacher = fingerprint.getBytes(StandardCharsets.UTF_8);
        int sequences = table.position() / TeacherFile.RECORD_BYTES;
        ByteBuffer end = little(table.position() + teacher.length + TeacherFile.END_BYTES);
        end.put(table.flip()).put(teacher);
        end.putLong(rows).putLong(sequences).putInt(count).putInt(teacher.length);
        end.putInt(crc(end.duplicate().flip())).putLong(TeacherFile.MAGIC);
        try {
            output.write(end.flip(), rows * TeacherFile.rowBytes(count));
            output.force();
            output.close();
            AtomicFiles.replace(temporary, file);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
        AtomicFiles.forceDirectory(file.toAbsolutePath().getParent());
    }

    /// Removes what was not completed.
    @Override
    public void close() {
        IOException ignored = new IOException();
        try {
            output.close();
        } catch (IOException e) {
            ignored.addSuppressed(e);
        }
        AtomicFiles.deleteQuietly(temporary, ignored);
    }
}
