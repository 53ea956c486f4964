package llams.trainer.wiki;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.trainer.data.Lines;

/// Multistream dumps in pieces, for pipelines that read one dump in many places at once. Such a dump is bzip2 streams
/// behind one another: the export's head, then a hundred pages a stream, then its end. An index beside it has a line
/// `offset:id:title` for each page, where `offset` is the first byte of the page's stream.
///
/// The articles of all pieces, in their order, are what [KowikiText#convert] writes for the whole dump, wherever it is
/// cut, as long as each piece begins with a stream that the index names.
public final class Multistream {
    /// Heads have a few thousand bytes.
    private static final int MOST_HEAD_BYTES = 1 << 20;
    private static final String END = "</mediawiki>";

    private Multistream() {}

    /// The first bytes of the dump's streams of pages, in their order.
    ///
    /// @param index as it is or compressed with bzip2
    /// @param name  how messages call it
    /// @throws DataException if it is not an index
    public static List<Long> offsets(InputStream index, String name) throws IOException {
        InputStream raw = new BufferedInputStream(index);
        Lines lines = new Lines(WikiFile.look(raw).startsWith("BZh") ? WikiFile.unpacked(raw, name) : raw, name);
        TreeSet<Long> offsets = new TreeSet<>();
        for (String line = lines.next(); line != null; line = lines.next()) {
            int colon = line.indexOf(':');
            try {
                offsets.add(Long.parseLong(line.substring(0, Math.max(0, colon))));
            } catch (NumberFormatException e) {
                throw new DataException(lines.place() + ": wanted offset:id:title, as the index of a multistream dump"
                        + " has it, found: " + line.substring(0, Math.min(60, line.length())));
            }
        }
        if (offsets.isEmpty()) {
            throw new DataException(name + " is empty; wanted the index of a multistream dump");
        }
        return List.copyOf(offsets);
    }

    /// The export's first lines, up to its first page.
    ///
    /// @param packed the dump's bytes before the first offset of its index
    /// @param name   how messages call the dump
    /// @throws DataException if that is not the head of an export
    public static String head(byte[] packed, String name) {
        if (!startsStream(packed)) {
            throw new DataException(name + ": wanted a multistream dump, bzip2 from its first byte on; llams data"
                    + " kowiki reads other forms on one machine");
        }
        String head;
        try {
            head = new String(WikiFile.unpacked(new ByteArrayInputStream(packed), name).readNBytes(MOST_HEAD_BYTES),
                    StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw noHead(name, e.getMessage());
        }
        if (!head.contains("<mediawiki") || head.contains("<page>") || head.contains(END)) {
            throw noHead(name, head.lines().findFirst().orElse(""));
        }
        return head;
    }

    private static DataException noHead(String name, String found) {
        return new DataException(name + ": before the first offset of the index, wanted the head of a MediaWiki export"
                + " and no page; is the index of this dump, and whole? Found: " + found);
    }

    /// Reads the pages of one piece.
    ///
    /// @param head     of the dump
    /// @param packed   one or more whole streams
    /// @param last     whether they are the dump's last, and so have its end
    /// @param name     how messages call the piece
    /// @param articles receives each article as kowikitext, with the blank line after it
    /// @throws DataException if the piece does not begin with a stream, or its text is damaged
    /// @throws IOException   if a stream is damaged
    public static KowikiText.Counts articles(String head, byte[] packed, boolean last, String name,
            Consumer<String> articles) throws IOException {
        if (!startsStream(packed)) {
            throw new DataException(name + ": no bzip2 stream begins here; is the index of this dump?");
        }
        long[] written = new long[1];
        Articles pages = new Articles(article -> {
            written[0] += article.getBytes(StandardCharsets.UTF_8).length;
            articles.accept(article);
        });
        try {
            InputStream export = new SequenceInputStream(Collections.enumeration(List.of(bytes(head),
                    WikiFile.unpacked(new ByteArrayInputStream(packed), name), bytes(last ? "" : END))));
            DumpReader.read(export, name, pages::add);
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "; or the index is of another dump", e);
        }
        return pages.counts(packed.length, written[0]);
    }

    private static boolean startsStream(byte[] packed) {
        return packed.length > 2 && packed[0] == 'B' && packed[1] == 'Z' && packed[2] == 'h';
    }

    private static InputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
