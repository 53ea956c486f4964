package llams.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/// Tab in a conversation: the names of commands, and of files where a command takes one.
final class ChatCompleter implements Completer, Parser {
    /// What is entered, cut for completion: a command and what stands behind it, spaces and all. Quotes and backslashes
    /// mean nothing.
    private record Cut(String line, int cursor, List<String> words) implements CompletingParsedLine {
        static Cut of(String line, int cursor) {
            String before = line.substring(0, cursor);
            int space = before.indexOf(' ');
            boolean isCommand = before.startsWith("/") && space > 0;
            return new Cut(line, cursor,
                    isCommand ? List.of(before.substring(0, space), before.substring(space + 1)) : List.of(before));
        }

        @Override
        public String word() {
            return words.getLast();
        }

        @Override
        public int wordCursor() {
            return word().length();
        }

        @Override
        public int wordIndex() {
            return words.size() - 1;
        }

        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return wordCursor();
        }

        @Override
        public int rawWordLength() {
            return wordCursor();
        }
    }

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
        return Cut.of(line, cursor);
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        String first = line.words().getFirst();
        if (line.wordIndex() == 0) {
            if (first.startsWith("/")) {
                Stream.of(ChatVerb.values()).forEach(verb -> candidates.add(command(verb)));
            }
            return;
        }
        Optional<ChatVerb> verb = ChatVerb.of(first);
        if (verb.isPresent() && verb.get().takesFile()) {
            files(line.word(), candidates);
        }
    }

    private static Candidate command(ChatVerb verb) {
        return new Candidate(verb.word(), verb.word(), null, verb.help, null, null, true);
    }

    private static void files(String begun, List<Candidate> candidates) {
        int name = begun.lastIndexOf('/') + 1;
        String directory = begun.substring(0, name);
        boolean showsHidden = begun.startsWith(".", name);
        try (DirectoryStream<Path> files = Files
                .newDirectoryStream(ChatInput.path(directory.isEmpty() ? "." : directory))) {
            for (Path file : files) {
                String found = file.getFileName().toString();
                if (showsHidden || !found.startsWith(".")) {
                    boolean isDirectory = Files.isDirectory(file);
                    String shown = found + (isDirectory ? "/" : "");
                    candidates.add(new Candidate(directory + shown, shown, null, null, null, null, !isDirectory));
                }
            }
        } catch (IOException | InvalidPathException _) {
            // No such directory: nothing to offer.
        }
    }
}
