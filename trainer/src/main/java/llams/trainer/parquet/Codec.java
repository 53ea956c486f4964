package llams.trainer.parquet;

import io.airlift.compress.v3.Decompressor;
import io.airlift.compress.v3.lz4.Lz4JavaDecompressor;
import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/// How pages are compressed, in the order of the numbers that files have for it.
enum Codec {
    UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW;

    /// What comes out of a page.
    ///
    /// @param length of it, in bytes
    /// @throws Damage if something else comes out
    byte[] decompressed(byte[] in, int from, int length) {
        int size = in.length - from;
        if (this == UNCOMPRESSED) {
            Damage.check(size == length, size + " bytes where " + length + " are said to be");
            return Arrays.copyOfRange(in, from, in.length);
        }
        byte[] out = new byte[length];
        int found = switch (this) {
            case UNCOMPRESSED, LZO, BROTLI -> throw new Damage("pages compressed with " + this + ", which is not read");
            case SNAPPY -> into(out, new SnappyJavaDecompressor(), in, from, size);
            case GZIP -> gunzip(out, in, from, size);
            case LZ4 -> hadoop(out, in, from);
            case ZSTD -> into(out, new ZstdJavaDecompressor(), in, from, size);
            case LZ4_RAW -> into(out, new Lz4JavaDecompressor(), in, from, size);
        };
        Damage.check(found == length, found + " bytes where " + length + " are said to be");
        return out;
    }

    private static int into(byte[] out, Decompressor decompressor, byte[] in, int from, int size) {
        return decompressor.decompress(in, from, size, out, 0, out.length);
    }

    private static int gunzip(byte[] out, byte[] in, int from, int size) {
        try (GZIPInputStream stream = new GZIPInputStream(new ByteArrayInputStream(in, from, size))) {
            int found = stream.readNBytes(out, 0, out.length);
            return stream.read() < 0 ? found : found + 1;
        } catch (IOException e) {
            throw new Damage(e.getMessage() == null ? "it ends too early" : e.getMessage());
        }
    }

    /// Blocks, each behind its length and that of what comes out. Some programs wrote a block without these.
    private static int hadoop(byte[] out, byte[] in, int from) {
        ByteBuffer blocks = ByteBuffer.wrap(in, from, in.length - from);
        int found = 0;
        while (blocks.remaining() >= 2 * Integer.BYTES) {
            int length = blocks.getInt();
            int size = blocks.getInt();
            if (length < 0 || length > out.length - found || size <= 0 || size > blocks.remaining()) {
                Damage.check(found == 0, "a block of LZ4 that cannot be");
                return into(out, new Lz4JavaDecompressor(), in, from, in.length - from);
            }
            found += new Lz4JavaDecompressor().decompress(in, blocks.position(), size, out, found, out.length - found);
            blocks.position(blocks.position() + size);
        }
        return found;
    }
}
