package llams.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// A file of a bundle.
///
/// @param link what it points to, null unless it is a symbolic link
record BundleFile(long bytes, boolean isExecutable, String link, Content content) {
    private static final int TAR_BLOCK = 512;
    /// When every file was written, in seconds: 1 January 2026, so that the same files make the same bundle.
    private static final long WRITTEN_SECONDS = 1_767_225_600;

    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    static BundleFile of(Path file) throws IOException {
        // An absolute link leads out of the bundle: what it points to goes along.
        if (Files.isSymbolicLink(file) && !Files.readSymbolicLink(file).isAbsolute()) {
            return new BundleFile(0, false, Files.readSymbolicLink(file).toString(), out -> {});
        }
        return new BundleFile(Files.size(file), Files.isExecutable(file), null, out -> Files.copy(file, out));
    }

    static BundleFile ofText(String text, boolean isExecutable) {
        return ofBytes(text.getBytes(StandardCharsets.UTF_8), isExecutable);
    }

    private static BundleFile ofBytes(byte[] bytes, boolean isExecutable) {
        return new BundleFile(bytes.length, isExecutable, null, out -> out.write(bytes));
    }

    /// A module as a jar that is not compressed, which xz makes smaller than one that is.
    ///
    /// @param module a jar, or a directory of classes
    static BundleFile ofModule(Path module) throws IOException {
        ByteArrayOutputStream jar = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(jar)) {
            zip.setMethod(ZipOutputStream.STORED);
            if (Files.isDirectory(module)) {
                try (Stream<Path> tree = Files.walk(module)) {
                    for (Path file : tree.filter(Files::isRegularFile).sorted().toList()) {
                        store(zip, module.relativize(file).toString(), Files.readAllBytes(file));
                    }
                }
            } else {
                try (ZipFile from = new ZipFile(module.toFile())) {
                    from.stream()
                            .filter(entry -> !entry.isDirectory())
                            .sorted(Comparator.comparing(ZipEntry::getName))
                            .forEach(entry -> {
                                try {
                                    store(zip, entry.getName(), from.getInputStream(entry).readAllBytes());
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            });
                }
            }
        }
        return ofBytes(jar.toByteArray(), false);
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        entry.setSize(content.length);
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
    }

    /// Writes a tar of these files, by name, in a directory `llams`, in the form of POSIX.1-1988 (ustar).
    static void writeAll(TreeMap<String, BundleFile> files, OutputStream out, llams.model.files.ByteProgress progress)
            throws IOException {
        long total = files.values().stream().mapToLong(BundleFile::bytes).sum();
        long done = 0;
        for (String name : List.copyOf(files.keySet())) {
            // Taken out, so that what is written can go.
            BundleFile file = files.remove(name);
            out.write(file.header("llams/" + name));
            file.content.writeTo(out);
            out.write(new byte[(int) (-file.bytes & TAR_BLOCK - 1)]);
            done += file.bytes;
            progress.at(done, total);
        }
        out.write(new byte[2 * TAR_BLOCK]);
    }

    /// @throws IOException if the format has no room for the names
    private byte[] header(String name) throws IOException {
        byte[] header = new byte[TAR_BLOCK];
        put(header, 0, 100, name);
        put(header, 100, 8, isExecutable ? "0000755" : "0000644");
        put(header, 108, 8, "0000000");
        put(header, 116, 8, "0000000");
        put(header, 124, 12, "%011o".formatted(bytes));
        put(header, 136, 12, "%011o".formatted(WRITTEN_SECONDS));
        put(header, 148, 8, " ".repeat(8));
        put(header, 156, 1, link == null ? "0" : "2");
        put(header, 157, 100, link == null ? "" : link);
        put(header, 257, 8, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        // The checksum is taken with blanks in its own place.
        put(header, 148, 8, "%06o\0 ".formatted(sum));
        return header;
    }

    private static void put(byte[] header, int at, int room, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > room) {
            throw new IOException("a tar has room for names of " + room + " bytes, not for " + text);
        }
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
