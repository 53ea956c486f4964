package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.tokenizer.TextFrame;
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
                "The text is encoded as it is, with its final line end if it has one; ids are separated by spaces,"
                        + " commas or line ends."},
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
            description = "Required: a model's directory, a tokenizer.model or a tokenizer.json.")
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
            console.text.print(text.tokenizer().decode(ids(stdin())));
        } else {
            console.out.println(join(encode(text, stdin(), special, bos, false)));
        }
        return Console.DONE;
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

    private void answerLines(TokenizeRequests requests) throws IOException {
        Lines lines = new Lines(console.in, "line");
        while (true) {
            String answer;
            try {
                String line = lines.next();
                if (line == null) {
                    return;
                }
                answer = requests.answer(line, lines.place());
            } catch (DataException e) {
                answer = TokenizeRequests.error(e);
            }
            console.text.print(answer + "\n");
            console.text.flush();
        }
    }

    private String stdin() throws IOException {
        return TextFile.decode(console.in.readAllBytes(), "standard input");
    }

    private static int[] ids(String text) {
        String list = text.strip();
        if (list.isEmpty()) {
            return new int[0];
        }
        String[] words = list.split("[\\s,]+");
        int[] ids = new int[words.length];
        for (int i = 0; i < ids.length; i++) {
            try {
                ids[i] = Integer.parseInt(words[i]);
            } catch (NumberFormatException e) {
                throw new DataException("standard input: \"" + words[i] + "\" (number " + i + ") is not an id");
            }
        }
        return ids;
    }

    private static String join(int[] ids) {
        return IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    }
}
