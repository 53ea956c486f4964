package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.VocabularyText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams tokenize train`: a new vocabulary.
@Command(
        name = "train",
        description = {"Train a vocabulary on text files.",
                "Byte-level byte-pair encoding with Llama 3's pattern: it can encode any text. The result is"
                        + " a file in tiktoken's format, one token per line. Llama 3's 256 special tokens follow the N"
                        + " tokens; the file does not list them.",
                "A file named tokenizer.model gets tokenizer.json and tokenizer_config.json next to it for"
                        + " Hugging Face's libraries (one level up if its directory is named original); any other"
                        + " NAME.EXT gets NAME.json."},
        footer = {"",
                "The result depends only on the text, not on the number of threads. Memory use does not grow"
                        + " with the text: when the distinct words no longer fit in half of the Java heap, the rarest"
                        + " are dropped (LLAMS_JAVA_OPTS=-Xmx8g makes room).",
                "", "Example:", "  llams tokenize train --vocab 32000 --out mine/tokenizer.model corpus/*.txt"})
final class TokenizeTrainCommand implements Callable<Integer> {
    private static final int BYTES = 256;
    private static final int MOST_TOKENS = 1_000_000;

    /// The special tokens of the new vocabulary.
    enum SpecialSet {
        llama3(Tokenizer.llama3Specials()),
        chat(List.of("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"));

        final List<String> names;

        SpecialSet(List<String> names) {
            this.names = names;
        }
    }

    @ParentCommand
    TokenizeCommand tokenize;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--vocab",
            paramLabel = "N",
            required = true,
            description = "Required: the number of tokens, not counting special tokens.")
    int vocab;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "Required: the file to write; it must not exist yet.")
    Path out;

    @Option(
            names = "--documents",
            description = "Read TEXT as 'llams train' reads data: what documents and conversations say, without the"
                    + " marks between them and the keys of rows.")
    boolean documents;

    @Option(
            names = "--special",
            paramLabel = "SET",
            defaultValue = "llama3",
            description = "Special tokens: llama3 for its 256, or chat for the five of them that texts and"
                    + " conversations need (default: ${DEFAULT-VALUE}).")
    SpecialSet special;

    @Option(names = "--threads", paramLabel = "N", description = "Processor cores to use (default: all).")
    Integer threads;

    @Option(names = "--json", description = "Print the figures as one JSON object.")
    boolean json;

    @Parameters(paramLabel = "TEXT", arity = "1..*", description = "Text files in UTF-8.")
    List<Path> texts;

    @Override
    public Integer call() throws IOException {
        if (vocab < BYTES || vocab > MOST_TOKENS) {
            throw new ParameterException(spec.commandLine(),
                    "--vocab " + vocab + " must be from " + BYTES + ", as every byte is a token, to " + MOST_TOKENS);
        }
        int cores = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        if (cores < 1) {
            throw new ParameterException(spec.commandLine(), "--threads " + cores + " must be at least 1");
        }
        long bytes = check();
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3, cores);
        Console console = tokenize.console;
        count(trainer, bytes);
        Tokenizer tokenizer;
        try (ProgressMeter progress = new ProgressMeter(console.err, "merging", "tokens", vocab - BYTES)) {
            tokenizer = trainer.train(vocab, special.names, made -> progress.step(1));
        }
        report(trainer, tokenizer.size() - tokenizer.specials().size(), bytes, write(tokenizer));
        return Console.DONE;
    }

    private void count(BpeTrainer trainer, long bytes) throws IOException {
        if (!documents) {
            VocabularyFiles.count(texts, bytes, trainer, tokenize.console);
            return;
        }
        try (ProgressMeter progress = new ProgressMeter(tokenize.console.err, "counting", "files", texts.size())) {
            for (Path text : texts) {
                VocabularyText.read(text, trainer::add);
                progress.step(1);
            }
        }
    }

    /// Looks at everything that could end long work in vain, and returns the size of the texts.
    private long check() throws IOException {
        long bytes = VocabularyFiles.bytes(texts);
        if (Files.isDirectory(out)) {
            throw new IOException(
                    out + ": is a directory; name a file in it, such as " + out.resolve("tokenizer.model"));
        }
        for (Path file : files()) {
            if (Files.exists(file)) {
                throw new IOException(file + ": already exists; choose another name or remove it");
            }
        }
        Files.createDirectories(directory());
        if (!Files.isWritable(directory())) {
            throw new IOException(directory() + ": not writable");
        }
        return bytes;
    }

    private Path directory() {
        return out.toAbsolutePath().normalize().getParent();
    }

    /// The files that will be made: the vocabulary, its `tokenizer.json` if it gets one, and its
    /// `tokenizer_config.json`.
    private List<Path> files() {
        String name = out.getFileName().toString();
        if (name.equals("tokenizer.model")) {
            boolean original = directory().endsWith("original") && directory().getParent() != null;
            Path home = original ? directory().getParent() : directory();
            return List.of(out, home.resolve("tokenizer.json"), home.resolve("tokenizer_config.json"));
        }
        int dot = name.lastIndexOf('.');
        return name.endsWith(".json")
                ? List.of(out)
                : List.of(out, directory().resolve(name.substring(0, dot > 0 ? dot : name.length()) + ".json"));
    }

    /// The tiktoken file comes last: where it is, all is.
    private List<Path> write(Tokenizer tokenizer) throws IOException {
        List<Path> files = files();
        if (files.size() > 1) {
            tokenizer.writeJson(files.get(1));
        }
        if (files.size() > 2) {
            tokenizer.writeConfig(files.get(2));
        }
        tokenizer.writeTiktoken(files.getFirst());
        return files;
    }

    private void report(BpeTrainer trainer, int tokens, long bytes, List<Path> written) {
        Console console = tokenize.console;
        if (tokens < vocab) {
            console.note(
                    "only " + tokens + " tokens: no pair occurs twice any more; a larger vocabulary needs more text");
        }
        VocabularyFiles.noteForgotten(trainer, console);
        if (json) {
            ObjectNode figures = JsonNodeFactory.instance.objectNode();
            figures.put("tokens", tokens)
                    .put("textBytes", bytes)
                    .put("pieces", trainer.pieces())
                    .put("forgottenBelow", trainer.forgottenBelow());
            written.forEach(file -> figures.withArray("files").add(file.toString()));
            console.out.println(figures);
            return;
        }
        console.out.printf(Locale.ROOT, "%s: %,d tokens from %,d bytes of text with %,d distinct pieces%n", out, tokens,
                bytes, trainer.pieces());
        if (written.size() > 1) {
            console.out.println("also written: "
                    + String.join(", ", written.subList(1, written.size()).stream().map(Path::toString).toList()));
        }
    }
}
