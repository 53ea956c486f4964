package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.model.files.DataException;

/// The documents of some files or slices of files, in their order.
///
/// @param documents all documents, as ids; nothing else of the files stays in memory, and of large files not even these
/// @param textBytes UTF-8 bytes of the texts and conversation contents; 0 for ids and for slices of files
/// @param conversations how many of the documents are conversations
/// @param empty     number of texts and lists of ids without content, which were left out
/// @param notes     one line for everything in the files that was not used or looks doubtful
/// @param parts     what of which file it is made of
public record Corpus(Documents documents, long textBytes, int conversations, int empty, List<String> notes,
        List<Part> parts) {
    /// Consecutive documents of a file.
    ///
    /// @param first number of the first, in the file
    public record Part(DataSource source, int first, int size) {
        private int shared(Part other) {
            return source.isOfSameFile(other.source)
                    ? Math.max(0, Math.min(first + size, other.first + other.size) - Math.max(first, other.first))
                    : 0;
        }
    }

    /// One line for each two sources that have documents in common, which are trained on and held out then.
    public static List<String> overlaps(List<Part> training, List<Part> heldOut) {
        List<String> lines = new ArrayList<>();
        for (Part trained : training) {
            for (Part held : heldOut) {
                int shared = trained.shared(held);
                if (shared > 0) {
                    lines.add(String.format(Locale.ROOT,
                            "%,d of the %,d documents of the held-out %s are trained on as well, in %s", shared,
                            held.size, held.source, trained.source));
                }
            }
        }
        return lines;
    }

    /// With the usual limit of unusable rows: 10 per file, or a hundredth of its rows if that is more.
    ///
    /// @throws DataException if a file is in no known form, or there is no document in them
    public static Corpus load(List<Path> files, DocumentEncoder encoder) throws IOException {
        return load(files, encoder, null, null);
    }

    /// @param maxBadRows unusable rows of a file that are skipped and noted; null for the usual limit
    /// @param cache      where the tokens of large files stay; null to have all in memory
    /// @throws DataException if a file is in no known form, has more unusable rows or nothing else, or if there is no
    ///     document
    public static Corpus load(List<Path> files, DocumentEncoder encoder, Integer maxBadRows, TokenCache cache)
            throws IOException {
        return load(files.stream().map(DataSource::of).toList(),
                new Reading(encoder, RowForm.SAMPLE, Columns.NONE, maxBadRows, cache, ReadingListener.SILENT));
    }

    /// @throws DataException as above, or if a slice has no row
    public static Corpus load(List<DataSource> sources, Reading reading) throws IOException {
        Joining joining = new Joining(reading.encoder().specialNames());
        for (DataSource source : sources) {
            joining.add(source, source.of(FileContent.load(source.file(), reading)));
        }
        return joining.corpus(sources);
    }

    /// The first documents of the sources.
    ///
    /// @param limit documents to keep: files are read to their ends, but only the first become ids
    /// @throws DataException as above
    public static Corpus first(List<DataSource> sources, Reading reading, int limit) throws IOException {
        Joining joining = new Joining(reading.encoder().specialNames());
        for (DataSource source : sources) {
            int left = limit - joining.documents;
            joining.add(source,
                    source.slice() == null
                            ? FileContent.load(source.file(), reading, left)
                            : source.of(FileContent.load(source.file(), reading)).first(left));
        }
        return joining.corpus(sources);
    }

    /// What the files of a corpus come to together.
    private static final class Joining {
        private final SpecialNames names;
        private final List<Documents> files = new ArrayList<>();
        private final List<Part> parts = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private int documents;
        private long textBytes;
        private int conversations;
        private int empty;

        Joining(SpecialNames names) {
            this.names = names;
        }

        void add(DataSource source, FileContent file) {
            files.add(file.documents());
            parts.add(new Part(source, file.documents().first(), file.documents().size()));
            documents += file.documents().size();
            textBytes += file.textBytes();
            conversations += file.conversations();
            empty += file.empty();
            notes.addAll(file.notes());
            names.add(file.names());
        }

        Corpus corpus(List<DataSource> sources) {
            if (documents == 0) {
                throw new DataException("no document in " + sources + "; " + empty + " were empty");
            }
            notes.addAll(names.lines());
            if (empty > 0) {
                notes.add(empty == 1
                        ? "1 text or list of ids is empty and is left out"
                        : String.format(Locale.ROOT, "%,d texts or lists of ids are empty and are left out", empty));
            }
            return new Corpus(JoinedDocuments.join(files), textBytes, conversations, empty, notes, parts);
        }
    }
}
