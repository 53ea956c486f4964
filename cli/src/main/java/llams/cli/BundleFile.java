package llams.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A file of a bundle.
///
/// @param link what it points to, null unless it is a symbolic link
record BundleFile(long bytes, boolean isExecutable, String link, Content content) {
    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    static BundleFile of(Path file) throws IOException {
        if (Files.isSymbolicLink(file)) {
            return new BundleFile(0, false, Files.readSymbolicLink(file).toString(), out -> {
            });
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
                    from.stream().filter(entry -> !entry.isDirectory()).forEach(entry -> {
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

    /// Writes a tar of these files, by name, in a directory `llams`.
    static void writeAll(TreeMap<String, BundleFile> files, OutputStream out, llams.trainer.merge.Progress progress)
            throws IOException {
        long total = files.values().stream().mapToLong(BundleFile::bytes).sum();
        long done = 0;
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (String name : List.copyOf(files.keySet())) {
                // Taken out, so that what is written can go.
                BundleFile file = files.remove(name);
                TarArchiveEntry entry = file.link == null ? new TarArchiveEntry("llams/" + name)
                        : new TarArchiveEntry("llams/" + name, TarConstants.LF_SYMLINK);
                if (file.link != null) {
                    entry.setLinkName(file.link);
                }
                entry.setSize(file.bytes);
                entry.setMode(file.isExecutable ? 0755 : 0644);
                entry.setIds(0, 0);
                tar.putArchiveEntry(entry);
                file.content.writeTo(tar);
                tar.closeArchiveEntry();
                done += file.bytes;
                progress.at(done, total);
            }
        }
    }
}
