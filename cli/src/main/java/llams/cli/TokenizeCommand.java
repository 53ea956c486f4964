package llams.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.tokenizer.StreamingDecoder;
import llams.tokenizer.TextFrame;
import llams.tokenizer.TextParts;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Lines;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams tokenize`: text on stdin to ids, or back.
@Command(
        name = "tokenize",
        subcommands = TokenizeTrainCommand.class,
        description = {"Turn text into token ids or back; 'train' makes a new vocabulary.",
                "The text is encoded as it is, including a final line end; ids are separated by spaces,"
                        + " commas or line ends. Texts may be larger than memory."},
        footer = {"",
                "With --jsonl, every line is a request and is answered with one line, {\"ids\": [...]},"
                        + " {\"text\": \"...\"} or {\"error\": \"...\"}:",
                "  {\"text\": \"...\"}                   optional \"special\"; \"bos\", \"eos\": true",
                "  {\"text\": \"...\", \"allowed\": A, \"disallowed\": D}  \"all\" or names, as tiktoken",
                "  {\"messages\": [{\"role\": \"user\", \"content\": \"...\"}]}",
                "                                    optional \"add_generation_prompt\": true",
                "  {\"ids\": [1, 2, 3]}                to decode", "", "Examples:",
                "  echo -n 'Hello' | llams tokenize --tokenizer model",
                "  llams tokenize --tokenizer model < book.txt > ids.txt",
                "  llams tokenize --tokenizer model --decode < ids.txt",
                "  llams tokenize --tokenizer tokenizer.model --jsonl < requests.jsonl",
                "  llams tokenize train --vocab 32000 --out mine/tokenizer.model corpus.txt"})
final class TokenizeCommand implements Callable<Integer> {
    private static final String STDIN = "standard input";

    enum Special {
        text, parse, error
    }

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR_OR_FILE",
            description = "Required: a model's directory, a GGUF file, a tokenizer.model or a tokenizer.json.")
    Path tokenizerPath;

    @Option(
            names = "--special",
            paramLabel = "HOW",
            defaultValue = "text",
            description = "How to read the name of a special token in the text: as text, parse (as the token), or"
                    + " error (default: ${DEFAULT-VALUE}).")
    Special special;

    @Option(names = "--bos", description = "Start with the model's begin-of-text token, such as <|begin_of_text|>.")
    boolean bos;

    @Option(names = "--decode", description = "Turn ids on stdin into text.")
    boolean decode;

    @Option(names = "--jsonl", description = "One JSON request per line, see below.")
    boolean jsonl;

    @Option(
            names = "--cut-long-runs",
            description = "Split long text as Meta's own wrapper does: every 400,000 characters, and within runs of"
                    + " more than 25,000.")
    boolean cutLongRuns;

    @Override
    public Integer call() throws IOException {
        if (tokenizerPath == null) {
            throw new ParameterException(spec.commandLine(), "missing required option '--tokenizer=DIR_OR_FILE'");
        }
        if (jsonl && decode) {
            throw new ParameterException(spec.commandLine(),
                    "--jsonl and --decode cannot be combined: a line {\"ids\": [...]} decodes");
        }
        ModelText text = ModelText.of(tokenizerPath, Clock.systemDefaultZone());
        if (cutLongRuns) {
            text = text.cuttingLongRuns();
        }
        if (jsonl) {
            answerLines(new TokenizeRequests(text, special, bos));
        } else if (decode) {
            decode(text.tokenizer());
        } else {
            encode(text);
        }
        return Console.DONE;
    }

    /// A part of a text, and whether it begins the text.
    private record Part(String text, boolean isFirst) {}

    private void encode(ModelText model) throws IOException {
        Set<String> allowed = special == Special.parse ? Tokenizer.ALL : Set.of();
        Set<String> disallowed = special == Special.error ? Tokenizer.ALL : Set.of();
        TextParts parts = new TextParts(model.tokenizer(), stdin(), allowed, disallowed);
        Function<Part, byte[]> work = part -> line(part.isFirst,
                framed(model.frame(), parts.encode(part.text), bos && part.isFirst, false));
        try (var inOrder = new InOrder<Part, byte[]>(work, ids -> console.out.write(ids, 0, ids.length))) {
            String part = parts.next();
            inOrder.add(new Part(part == null ? "" : part, true));
            for (part = parts.next(); part != null; part = parts.next()) {
                inOrder.add(new Part(part, false));
            }
            inOrder.finish();
        }
        console.out.println();
    }

    private void decode(Tokenizer tokenizer) throws IOException {
        IdReader reader = new IdReader(stdin(), STDIN);
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        for (int[] ids = reader.next(); ids.length > 0; ids = reader.next()) {
            console.text.print(decoder.accept(ids));
        }
        console.text.print(decoder.finish());
    }

    /// @throws DataException as [#framed]
    static int[] encode(ModelText model, String text, Special special, boolean bos, boolean eos) {
        return framed(model.frame(), encode(model.tokenizer(), text, special), bos, eos);
    }

    static int[] encode(Tokenizer tokenizer, String text, Special special) {
        return switch (special) {
            case text -> tokenizer.encodeOrdinary(text);
            case parse -> tokenizer.encode(text, Tokenizer.ALL, Set.of());
            case error -> tokenizer.encode(text, Set.of(), Tokenizer.ALL);
        };
    }

    /// @throws DataException if a token is wanted that this model's texts do not have
    static int[] framed(TextFrame frame, int[] ids, boolean bos, boolean eos) {
        if (bos && frame.first() == TextFrame.NONE || eos && frame.last() == TextFrame.NONE) {
            throw new DataException(frame.note());
        }
        return frame.around(ids, bos, eos);
    }

    /// Lines that have come together are answered together, by all cores; before the program waits for more, all are.
    private void answerLines(TokenizeRequests requests) throws IOException {
        Function<List<Supplier<String>>, String> work = batch -> {
            StringBuilder answers = new StringBuilder();
            batch.forEach(request -> answers.append(request.get()).append('\n'));
            return answers.toString();
        };
        try (var inOrder = new InOrder<List<Supplier<String>>, String>(work, console.text::print)) {
            Lines lines = new Lines(stdin(inOrder), "line");
            for (var request = request(lines, requests); request != null; request = request(lines, requests)) {
                List<Supplier<String>> batch = new ArrayList<>();
                batch.add(request);
                while (lines.hasNextAtHand()) {
                    batch.add(request(lines, requests));
                }
                inOrder.add(batch);
            }
            inOrder.finish();
        }
    }

    /// Standard input that shows all answers before it waits.
    private InputStream stdin(InOrder<?, ?> answers) {
        return new FilterInputStream(console.in) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                if (in.available() == 0) {
                    answers.finish();
                    console.text.flush();
                }
                return in.read(bytes, offset, length);
            }
        };
    }

    /// What answers the next line; null after the last.
    private static Supplier<String> request(Lines lines, TokenizeRequests requests) throws IOException {
        try {
            String line = lines.next();
            String place = lines.place();
            return line == null ? null : () -> requests.answer(line, place);
        } catch (DataException e) {
            return () -> TokenizeRequests.error(e);
        }
    }

    private TextReader stdin() throws IOException {
        return new TextReader(console.in, STDIN);
    }

    /// The ids, separated by spaces; one before them too unless they are the first.
    private static byte[] line(boolean isFirst, int[] ids) {
        int length = 0;
        for (int id : ids) {
            length += 1 + digits(id);
        }
        byte[] line = new byte[length];
        int at = length;
        for (int i = ids.length - 1; i >= 0; i--) {
            int left = ids[i];
            do {
                line[--at] = (byte) ('0' + left % 10);
                left /= 10;
            } while (left > 0);
            line[--at] = ' ';
        }
        return isFirst && length > 0 ? Arrays.copyOfRange(line, 1, length) : line;
    }

    private static int digits(int id) {
        int digits = 1;
        for (int left = id; left >= 10; left /= 10) {
            digits++;
        }
        return digits;
    }
}
