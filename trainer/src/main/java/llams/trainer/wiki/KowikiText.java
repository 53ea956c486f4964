package llams.trainer.wiki;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import llams.engine.io.AtomicFiles;
import llams.model.files.ByteProgress;
import llams.model.files.DataException;

/// Wikipedia's articles as kowikitext: `= title =`, a blank line, the body, a blank line, and so on.
///
/// Redirects, pages of other namespaces, and articles of which no text is left are left out.
public final class KowikiText {
    /// What was read and written.
    ///
    /// @param articles   that are written
    /// @param redirects  left out
    /// @param otherPages left out, being of other namespaces: talk, categories, templates
    /// @param empty      left out, as nothing but tables, templates or references is in them
    /// @param sentences  left out, as a template in them is not known and they would be false without it
    /// @param templates  those templates, by how many sentences they cost, the most first
    public record Counts(long articles, long redirects, long otherPages, long empty, long sentences,
            Map<String, Long> templates, long bytesRead, long bytesWritten) implements Serializable {
        /// Unknown templates that a summary names.
        private static final int NAMED = 10;

        /// Of nothing.
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0, Map.of(), 0, 0);

        /// Of both together. Templates beyond the first [LostSentences#MOST_NAMES] are counted as others.
        public Counts plus(Counts more) {
            Map<String, Long> both = new TreeMap<>(templates);
            more.templates.forEach((name, count) -> LostSentences.count(both, name, count));
            return new Counts(articles + more.articles, redirects + more.redirects, otherPages + more.otherPages,
                    empty + more.empty, sentences + more.sentences, mostFirst(both), bytesRead + more.bytesRead,
                    bytesWritten + more.bytesWritten);
        }

        /// What a user is told, line by line.
        ///
        /// @param out      how the result is called
        /// @param allNames where all unknown templates are named; empty if nowhere
        public String summary(String out, String allNames) {
            String summary = String.format(Locale.ROOT,
                    "%s: %,d articles, %,d bytes of text%nleft out: %,d redirects,"
                            + " %,d pages of other namespaces, %,d articles without text",
                    out, articles, bytesWritten, redirects, otherPages, empty);
            if (sentences == 0) {
                return summary;
            }
            String most = templates.entrySet()
                    .stream()
                    .limit(NAMED)
                    .map(template -> String.format(Locale.ROOT, "%s %,d", template.getKey(), template.getValue()))
                    .collect(Collectors.joining(", "));
            int more = templates.size() - NAMED;
            return summary + String.format(Locale.ROOT,
                    "%nleft out: %,d sentences that depend on unknown templates: %s%s", sentences, most,
                    more > 0 ? String.format(Locale.ROOT, ", and %,d more names%s", more, allNames) : "");
        }

        /// @throws DataException if there is no article
        public void check(String source, String out) {
            if (articles == 0) {
                throw new DataException("no article in " + source + ": " + redirects + " redirects, " + otherPages
                        + " pages of other namespaces, " + empty + " without text; " + out + " is not written");
            }
        }
    }

    private KowikiText() {}

    /// Converts dumps, or WikiExtractor's files and directories, into one file, which is written whole or not at all.
    /// One page at a time is in memory.
    ///
    /// @param dump     files, as they are or packed with bzip2, and directories of them
    /// @param progress hears of the bytes read
    /// @throws DataException if a file is damaged, in no known form, or there is no article in any
    public static Counts convert(List<Path> dump, Path out, ByteProgress progress) throws IOException {
        List<WikiFile> files = WikiFile.list(dump);
        long total = 0;
        for (WikiFile file : files) {
            if (Files.exists(out) && Files.isSameFile(out, file.path())) {
                throw new DataException(out + " is one of the files to read; give the result another name");
            }
            total += Files.size(file.path());
        }
        Path temporary = AtomicFiles.temporaryFor(out);
        // Also when a signal ends the program.
        temporary.toFile().deleteOnExit();
        try {
            Counts counts = write(files, total, temporary, out, progress);
            AtomicFiles.replace(temporary, out);
            AtomicFiles.forceDirectory(out.toAbsolutePath().getParent());
            return counts;
        } catch (Unwritable e) {
            throw AtomicFiles.cannotWrite(out, e.getCause());
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static Counts write(List<WikiFile> files, long total, Path temporary, Path out, ByteProgress progress)
            throws IOException {
        long[] read = new long[1];
        try (FileChannel channel = create(temporary);
                BufferedWriter writer = new BufferedWriter(
                        new OutputStreamWriter(Channels.newOutputStream(channel), StandardCharsets.UTF_8), 1 << 16)) {
            Articles articles = new Articles(article -> {
                try {
                    writer.append(article);
                } catch (IOException e) {
                    throw new Unwritable(e);
                }
            });
            for (WikiFile file : files) {
                file.read(more -> {
                    read[0] += more;
                    progress.at(read[0], total);
                }, articles::add);
            }
            articles.counts(0, 0)
                    .check(files.getFirst().path() + (files.size() > 1 ? " and the other files" : ""), out.toString());
            try {
                writer.flush();
                channel.force(true);
                return articles.counts(read[0], channel.size());
            } catch (IOException e) {
                throw new Unwritable(e);
            }
        }
    }

    static Map<String, Long> mostFirst(Map<String, Long> counts) {
        Map<String, Long> sorted = new LinkedHashMap<>();
        counts.entrySet()
                .stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
        return sorted;
    }

    private static FileChannel create(Path file) {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new Unwritable(e);
        }
    }

    /// A failure to write, told apart from one to read.
    private static final class Unwritable extends UncheckedIOException {
        private static final long serialVersionUID = 1;

        Unwritable(IOException cause) {
            super(cause);
        }
    }
}
