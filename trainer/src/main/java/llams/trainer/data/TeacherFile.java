package llams.trainer.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import llams.model.files.DataException;

/// A teacher's [TeacherTokens] for certain sequences on the disk, mapped into memory. Little-endian:
///
/// | part | content |
/// |---|---|
/// | rows | for each counted token of each sequence: `count` ids, as many log-probabilities as floats |
/// | sequences | [#RECORD_BYTES] for each: number of its first row, rows, CRC-32C of them |
/// | teacher | its fingerprint, UTF-8 |
/// | end | rows, sequences, count, bytes of the fingerprint; CRC-32C of sequences, fingerprint and these; [#MAGIC] |
public final class TeacherFile {
    static final int RECORD_BYTES = 16;
    static final int END_BYTES = 36;
    static final long MAGIC = 0x31_72656863616574L; // "teacher1"

    private final Path file;
    private final MemorySegment bytes;
    private final int count;
    private final int sequences;
    private final long table;
    /// Of the teacher.
    public final String fingerprint;

    private TeacherFile(Path file) throws IOException {
        this.file = file;
        try (FileChannel channel = FileChannel.open(file)) {
            bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        }
        long end = bytes.byteSize() - END_BYTES;
        check(end >= 0 && bytes.get(TokenFile.LONG, end + 28) == MAGIC, "has no end");
        long rows = bytes.get(TokenFile.LONG, end);
        sequences = (int) bytes.get(TokenFile.LONG, end + 8);
        count = bytes.get(TokenFile.INT, end + 16);
        int fingerprintBytes = bytes.get(TokenFile.INT, end + 20);
        table = end - fingerprintBytes - (long) sequences * RECORD_BYTES;
        check(count > 0 && rows >= 0 && sequences >= 0 && fingerprintBytes >= 0 && table == rows * rowBytes(count),
                "has another length than its end says");
        check(crc(table, end + 24 - table) == bytes.get(TokenFile.INT, end + 24), "is damaged at its end");
        fingerprint = new String(bytes.asSlice(end - fingerprintBytes, fingerprintBytes).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.UTF_8);
    }

    /// Where what a teacher says of some data is kept.
    ///
    /// @param count       most likely tokens that are kept
    /// @param temperature of the probabilities
    public static Path of(Path directory, Sequences data, int count, double temperature) {
        return directory
                .resolve(String.format(Locale.ROOT, "%016x-top%d-t%s.teacher", data.fingerprint(), count, temperature));
    }

    /// @throws DataException if it is damaged
    public static TeacherFile open(Path file) throws IOException {
        return new TeacherFile(file);
    }

    static long rowBytes(int count) {
        return 2L * Integer.BYTES * count;
    }

    private void check(boolean holds, String wrong) {
        if (!holds) {
            throw new DataException(file + " " + wrong + "; remove it, and it is written anew");
        }
    }

    private int crc(long from, long length) {
        CRC32C crc = new CRC32C();
        for (long at = 0; at < length; at += TokenFile.BLOCK_BYTES) {
            crc.update(bytes.asSlice(from + at, Math.min(TokenFile.BLOCK_BYTES, length - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    /// The same sequences, each with what the teacher says of it.
    public Sequences taught(Sequences data) {
        check(data.size() == sequences, "has " + sequences + " sequences, and the data " + data.size());
        return new Taught(data, this);
    }

    /// @throws DataException if its rows are damaged, or not those of this sequence
    private TeacherTokens tokens(int index, PackedSequence sequence) {
        long record = table + (long) index * RECORD_BYTES;
        long row = bytes.get(TokenFile.LONG, record);
        int rows = bytes.get(TokenFile.INT, record + 8);
        check(rows == sequence.counted(),
                "has " + rows + " tokens for sequence " + index + ", which counts " + sequence.counted());
        check(crc(row * rowBytes(count), rows * rowBytes(count)) == bytes.get(TokenFile.INT, record + 12),
                "is damaged at sequence " + index);
        TeacherTokens tokens = TeacherTokens.empty(sequence.ids().length, count);
        long at = row * rowBytes(count);
        for (int t = 0; t < sequence.ids().length; t++) {
            if (sequence.label()[t] != Document.IGNORED) {
                MemorySegment.copy(bytes, TokenFile.INT, at, tokens.ids(), t * count, count);
                MemorySegment.copy(bytes, TeacherFileWriter.FLOAT, at + rowBytes(count) / 2, tokens.logp(), t * count,
                        count);
                at += rowBytes(count);
            }
        }
        return tokens;
    }

    private record Taught(Sequences data, TeacherFile file) implements Sequences {
        @Override
        public PackedSequence sequence(int index) {
            PackedSequence sequence = data.sequence(index);
            return sequence.with(file.tokens(index, sequence));
        }

        @Override
        public DataStatistics statistics() {
            return data.statistics();
        }

        @Override
        public int size() {
            return data.size();
        }

        @Override
        public int[] ofEpoch(long seed, int epoch) {
            return data.ofEpoch(seed, epoch);
        }

        @Override
        public int tokens(int index) {
            return data.tokens(index);
        }

        @Override
        public List<String> origins(int index) {
            return data.origins(index);
        }

        @Override
        public long fingerprint() {
            return data.fingerprint();
        }
    }
}
