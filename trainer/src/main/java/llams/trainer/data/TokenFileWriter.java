package llams.trainer.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;

/// Writes a [TokenFile] document by document, in memory that does not grow with it.
final class TokenFileWriter implements AutoCloseable {
    private static final int PIECE_BYTES = TokenFile.BLOCK_BYTES;

    private final Path file;
    private final Path temporary;
    private final Path table;
    private final Disk.Output tokens;
    private final Disk.Output documents;
    private final ByteBuffer block = buffer();
    private final ByteBuffer records = buffer();
    private final List<Integer> sums = new ArrayList<>();
    private final CRC32C ofTable = new CRC32C();
    private long tokenBytes;
    private long tableBytes;
    private long count;

    private static ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    TokenFileWriter(Path file) throws IOException {
        this.file = file;
        temporary = AtomicFiles.temporaryFor(file);
        table = AtomicFiles.temporaryFor(file);
        try {
            tokens = Disk.current().create(temporary);
            documents = Disk.current().create(table);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
    }

    /// Adds a document.
    ///
    /// @param name of the data file, with which the document's origin begins
    void add(Document document, String name) {
        try {
            boolean own = hasOwnLabels(document);
            record(document, name, own);
            for (int i = 0; i < document.ids().length; i++) {
                boolean counts = document.labels()[i] != Document.IGNORED;
                put(own || counts ? document.ids()[i] : document.ids()[i] | TokenFile.UNCOUNTED);
            }
            for (int i = 0; own && i < document.ids().length; i++) {
                put(document.labels()[i] == Document.IGNORED ? TokenFile.UNCOUNTED : document.labels()[i]);
            }
            count++;
        } catch (IOException e) {
            throw new UncheckedIOException(AtomicFiles.cannotWrite(file, e));
        }
    }

    private static boolean hasOwnLabels(Document document) {
        for (int i = 0; i < document.ids().length; i++) {
            if (document.labels()[i] != Document.IGNORED && document.labels()[i] != document.ids()[i]) {
                return true;
            }
        }
        return false;
    }

    private void record(Document document, String name, boolean own) throws IOException {
        String place = document.origin().substring(name.length() + 1);
        int bracket = place.indexOf('[');
        long line = Long.parseLong(bracket < 0 ? place : place.substring(0, bracket));
        int index = bracket < 0 ? -1 : Integer.parseInt(place.substring(bracket + 1, place.length() - 1));
        records.putLong((tokenBytes + block.position()) / Integer.BYTES)
                .putInt(document.ids().length)
                .putInt(document.counted(document.ids().length))
                .putLong(line)
                .putInt(index)
                .putInt((document.cut() ? TokenFile.CUT : 0) | (own ? TokenFile.LABELS : 0));
        if (!records.hasRemaining()) {
            flushRecords();
        }
    }

    private void put(int token) throws IOException {
        block.putInt(token);
        if (!block.hasRemaining()) {
            flushBlock();
        }
    }

    private void flushBlock() throws IOException {
        if (block.position() > 0) {
            CRC32C crc = new CRC32C();
            crc.update(block.flip().duplicate());
            sums.add((int) crc.getValue());
            tokenBytes += write(tokens, block, tokenBytes);
        }
    }

    private void flushRecords() throws IOException {
        ofTable.update(records.flip().duplicate());
        tableBytes += write(documents, records, tableBytes);
    }

    private static int write(Disk.Output to, ByteBuffer piece, long at) throws IOException {
        int length = piece.remaining();
        to.write(piece, at);
        piece.clear();
        return length;
    }

    /// Completes the file, which has its name from now on.
    void finish(String summary) throws IOException {
        try {
            flushBlock();
            flushRecords();
            long at = tokenBytes;
            try (FileChannel from = FileChannel.open(table)) {
                while (from.read(records) >= 0) {
                    records.flip();
                    at += write(tokens, records, at);
                }
            }
            tokens.write(end(summary.getBytes(StandardCharsets.UTF_8)), at);
            tokens.force();
            tokens.close();
            AtomicFiles.replace(temporary, file);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
        AtomicFiles.forceDirectory(file.toAbsolutePath().getParent());
    }

    private ByteBuffer end(byte[] summary) {
        int sumBytes = (sums.size() + 2) * Integer.BYTES;
        ByteBuffer end = ByteBuffer.allocate(summary.length + sumBytes + TokenFile.END_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        end.put(summary);
        sums.forEach(end::putInt);
        CRC32C ofSummary = new CRC32C();
        ofSummary.update(summary);
        end.putInt((int) ofTable.getValue()).putInt((int) ofSummary.getValue());
        end.putLong(tokenBytes / Integer.BYTES).putLong(count).putLong(summary.length);
        CRC32C ofSums = new CRC32C();
        ofSums.update(end.array(), summary.length, sumBytes + 24);
        return end.putInt((int) ofSums.getValue()).putLong(TokenFile.MAGIC).flip();
    }

    /// Removes what is not needed, all of it if the file was not completed.
    @Override
    public void close() {
        IOException ignored = new IOException();
        try {
            documents.close();
            tokens.close();
        } catch (IOException e) {
            ignored.addSuppressed(e);
        }
        AtomicFiles.deleteQuietly(table, ignored);
        AtomicFiles.deleteQuietly(temporary, ignored);
    }
}
