package llams.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.wiki.KowikiText;
import llams.trainer.wiki.Multistream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/// The streams of a dump from one offset of its index to the next: the unit of work, a hundred pages of Wikipedia's.
///
/// @param dump a file of any file system that Spark's machines reach
/// @param head of the dump, as [Multistream#head] has it
/// @param from first byte
/// @param to   behind the last byte
/// @param last whether it is the dump's last
record Piece(String dump, String head, long from, long to, boolean last) implements Serializable {
    /// A piece has a few hundred thousand bytes; one of this size means that offsets are missing.
    private static final long MOST_BYTES = 1L << 28;

    /// The pieces of a dump, in its order.
    ///
    /// @throws DataException if dump and index do not go together
    static List<Piece> of(Path named, Path index, Configuration hadoop) throws IOException {
        // Executors have working directories of their own.
        Path dump = named.getFileSystem(hadoop).makeQualified(named);
        List<Long> offsets;
        try (FSDataInputStream in = open(index, hadoop)) {
            offsets = Multistream.offsets(in, index.toString());
        }
        FileStatus file = dump.getFileSystem(hadoop).getFileStatus(dump);
        if (offsets.getFirst() <= 0 || offsets.getLast() >= file.getLen()) {
            throw new DataException(index + ": offsets from " + offsets.getFirst() + " to " + offsets.getLast()
                    + ", but " + dump + " has " + file.getLen() + " bytes; is the index of this dump?");
        }
        String head = Multistream.head(bytes(dump, 0, offsets.getFirst(), hadoop), dump.toString());
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < offsets.size(); i++) {
            boolean last = i + 1 == offsets.size();
            pieces.add(
                    new Piece(dump.toString(), head, offsets.get(i), last ? file.getLen() : offsets.get(i + 1), last));
        }
        return pieces;
    }

    long bytes() {
        return to - from;
    }

    /// The articles, each as kowikitext with the blank line after it.
    ///
    /// @param counts hears what became of the pages
    List<String> articles(Configuration hadoop, Tally counts) throws IOException {
        List<String> articles = new ArrayList<>();
        byte[] packed;
        try {
            packed = bytes(new Path(dump), from, to, hadoop);
        } catch (FileNotFoundException _) {
            throw new DataException(dump + ": no such file on " + InetAddress.getLocalHost().getHostName()
                    + "; dumps must be where all machines of the cluster see them");
        }
        KowikiText.Counts read = Multistream.articles(head, packed, last, dump + " from byte " + from, articles::add);
        counts.add(read);
        return articles;
    }

    private static byte[] bytes(Path file, long from, long to, Configuration hadoop) throws IOException {
        if (to - from > MOST_BYTES) {
            throw new DataException(file + ": no offset of the index lies between the bytes " + from + " and " + to
                    + "; the index is probably cut short");
        }
        byte[] bytes = new byte[(int) (to - from)];
        try (FSDataInputStream in = open(file, hadoop)) {
            in.readFully(from, bytes);
        }
        return bytes;
    }

    private static FSDataInputStream open(Path file, Configuration hadoop) throws IOException {
        FileSystem system = file.getFileSystem(hadoop);
        return system.open(file);
    }
}
