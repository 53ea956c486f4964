package llams.trainer.wiki;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import llams.model.files.DataException;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;

/// A file with pages in any of the forms that are read, told apart by how they begin.
record WikiFile(Path path) {
    private static final int BUFFER = 1 << 16;
    private static final int LOOK = 100;

    /// The files in what the user named: a directory stands for all files in and below it, in the order of their names.
    static List<WikiFile> list(List<Path> named) throws IOException {
        List<WikiFile> files = new ArrayList<>();
        for (Path path : named) {
            if (!Files.exists(path)) {
                throw new NoSuchFileException(path.toString());
            }
            try (Stream<Path> tree = Files.walk(path)) {
                List<WikiFile> found = tree.filter(Files::isRegularFile)
                        .filter(file -> file.equals(path) || !file.getFileName().toString().startsWith("."))
                        .sorted()
                        .map(WikiFile::new)
                        .toList();
                if (found.isEmpty()) {
                    throw new DataException(path + ": a directory without files");
                }
                files.addAll(found);
            }
        }
        return files;
    }

    /// @param progress hears how many more bytes of the file are read
    void read(LongConsumer progress, Consumer<Page> pages) throws IOException {
        try (InputStream raw = new BufferedInputStream(new Counted(Files.newInputStream(path), progress), BUFFER)) {
            if (!look(raw).startsWith("BZh")) {
                readPages(raw, pages);
                return;
            }
            InputStream unpacked = unpacked(raw, path.toString());
            try {
                readPages(unpacked, pages);
            } catch (DataException e) {
                // A block comes before its checksum.
                throw new DataException(
                        e.getMessage() + "; if the packed file is damaged, 'bzip2 -t " + path + "' tells");
            }
        }
    }

    private void readPages(InputStream in, Consumer<Page> pages) throws IOException {
        String start = look(in).replace("\ufeff", "").stripLeading();
        if (start.startsWith("<doc ")) {
            ExtractorReader.read(in, path.toString(), pages);
        } else if (start.startsWith("{")) {
            ExtractorReader.readJson(in, path.toString(), pages);
        } else if (start.startsWith("<")) {
            DumpReader.read(in, path.toString(), pages);
        } else if (start.isEmpty()) {
            throw new DataException(path + " is empty");
        } else {
            throw new DataException(path + ": wanted a dump of MediaWiki's (<mediawiki ...>) or WikiExtractor's"
                    + " output (<doc ...> or {\"title\": ...}), as it is or packed with bzip2; found: "
                    + start.lines().findFirst().orElseThrow());
        }
    }

    /// @param name how messages call the source
    static InputStream unpacked(InputStream bzip2, String name) throws IOException {
        return new BufferedInputStream(new Unpacked(bzip2, name), BUFFER);
    }

    static String look(InputStream in) throws IOException {
        in.mark(LOOK);
        byte[] start = in.readNBytes(LOOK);
        in.reset();
        return new String(start, StandardCharsets.UTF_8);
    }

    /// bzip2, one stream or several one after another, as MediaWiki's multistream dumps are.
    private static final class Unpacked extends FilterInputStream {
        private final String name;

        Unpacked(InputStream in, String name) throws IOException {
            super(open(in, name));
            this.name = name;
        }

        private static InputStream open(InputStream in, String name) throws IOException {
            try {
                return new BZip2CompressorInputStream(in, true);
            } catch (IOException e) {
                throw damaged(name, e);
            }
        }

        /// Not the exception itself: the JDK's XML reader takes an `EOFException` for a regular end.
        private static IOException damaged(String name, IOException e) {
            return new IOException(name + ": damaged or cut short: " + e.getMessage(), e);
        }

        @Override
        public int read(byte[] to, int from, int count) throws IOException {
            try {
                return super.read(to, from, count);
            } catch (IOException e) {
                throw damaged(name, e);
            }
        }
    }

    private static final class Counted extends FilterInputStream {
        private final LongConsumer progress;

        Counted(InputStream in, LongConsumer progress) {
            super(in);
            this.progress = progress;
        }

        @Override
        public int read(byte[] to, int from, int count) throws IOException {
            int read = super.read(to, from, count);
            progress.accept(Math.max(0, read));
            return read;
        }
    }
}
