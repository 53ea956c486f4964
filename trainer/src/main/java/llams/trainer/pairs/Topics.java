package llams.trainer.pairs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.data.DataLoader;
import llams.trainer.data.Lines;

/// What pairs are about.
public record Topics(List<String> all) {
    /// @throws DataException if there are none
    public Topics {
        all = List.copyOf(all);
        if (all.isEmpty()) {
            throw new DataException("there are no topics; wanted one per line");
        }
    }

    /// This program's own: everyday life, knowledge and work, each in Korean and English.
    public static Topics standard() {
        return new Topics(resource("topics.txt").lines().toList());
    }

    /// One topic a line; blank lines and those that begin with `#` are left out.
    ///
    /// @throws DataException if there are none
    public static Topics read(Path file) throws IOException {
        List<String> topics = new ArrayList<>();
        try (Lines lines = Lines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    topics.add(line.strip());
                }
            }
        }
        if (topics.isEmpty()) {
            throw new DataException(file + ": no topic in it; wanted one per line");
        }
        return new Topics(topics);
    }

    /// The topic of a request: each once in an order of its own, then each once more in another.
    String of(int request, long seed) {
        int round = request / all.size();
        return all.get(DataLoader.shuffled(all.size(), seed, round)[request % all.size()]);
    }

    static String resource(String name) {
        try (InputStream in = Topics.class.getResourceAsStream(name); Lines lines = new Lines(in, name)) {
            StringBuilder text = new StringBuilder();
            for (String line = lines.next(); line != null; line = lines.next()) {
                text.append(line).append('\n');
            }
            return text.toString();
        } catch (IOException e) {
            throw new AssertionError(name + " is part of this program", e);
        }
    }
}
