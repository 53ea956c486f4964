package llams.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import llams.trainer.wiki.KowikiText;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// What `llams data kowiki` does, by a Spark cluster: the main class of the jar for `spark-submit`.
@Command(
        name = "llams-spark.jar",
        mixinStandardHelpOptions = true,
        description = {"Turn multistream dumps of Wikipedia into text to train on, on Spark.",
                "The parts of OUT in their order, part-00000 and so on, are the file that 'llams data kowiki' writes."},
        footer = {"", "Example:", "  spark-submit --master spark://head:7077 llams-spark.jar \\",
                "    kowiki-latest-pages-articles-multistream.xml.bz2 --out kowiki"})
public final class KowikiJob implements Callable<Integer> {
    /// Of a dump, becoming some 10 MB of text: enough parts for the last ones to end together.
    private static final long BYTES_A_PART = 4L << 20;
    private static final Pattern DUMP_NAME = Pattern.compile("-multistream(\\d*)\\.xml(?=[^/]*$)");

    private final PrintStream out;

    @Parameters(
            paramLabel = "DUMP",
            arity = "1..*",
            description = "Multistream dumps, in the order of their text. Paths are Hadoop's: of any file system that all"
                    + " machines of the cluster reach.")
    private List<String> dumps;

    @Option(
            names = "--index",
            paramLabel = "FILE",
            description = "The dumps' indexes, one for each (default: ...-multistream-index.txt.bz2 beside"
                    + " ...-multistream.xml.bz2).")
    private List<String> indexes = List.of();

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Required: a new directory.")
    private String directory;

    @Option(
            names = "--format",
            paramLabel = "FORM",
            defaultValue = "kowikitext",
            description = "kowikitext, or parquet with the columns title and text (default: ${DEFAULT-VALUE}).")
    private ArticleForm format;

    @Option(names = "--parts", paramLabel = "N", description = "Files to write (default: one for every 4 MB of dumps).")
    private Integer parts;

    @Option(
            names = "--tokens",
            paramLabel = "DIR",
            description = "Also tokenize each part, for 'llams train --cache DIR'. All machines must see this directory and"
                    + " that of --out under the same path.")
    private java.nio.file.Path tokens;

    @Option(
            names = "--tokenizer",
            paramLabel = "PLACE",
            description = "For --tokens: the directory of the model to train, or its tokenizer.")
    private java.nio.file.Path tokenizer;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "For --tokens: the config.json of the model to train (default: beside the tokenizer).")
    private java.nio.file.Path config;

    private KowikiJob(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) {
        int code = run(arguments, System.out, System.err);
        // Where the cluster runs this program, an exit of its own would look like a failure.
        if (code != 0) {
            System.exit(code);
        }
    }

    /// @return 0 done, 1 failed, 2 wrong usage
    static int run(String[] arguments, PrintStream out, PrintStream err) {
        return new CommandLine(new KowikiJob(out)).setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, _) -> {
                    err.println("llams: " + e.getMessage() + "; --help explains the options");
                    return 2;
                })
                .setExecutionExceptionHandler((e, _, _) -> {
                    err.println("llams: " + Failure.line(e));
                    return 1;
                })
                .execute(arguments);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(new CommandLine(this), message);
    }

    @Override
    public Integer call() throws IOException {
        if (!indexes.isEmpty() && indexes.size() != dumps.size()) {
            throw wrong("--index: " + indexes.size() + " for " + dumps.size() + " dumps");
        }
        if (parts != null && parts < 1) {
            throw wrong("--parts must be 1 or more, not " + parts);
        }
        if (tokens == null && (tokenizer != null || config != null)) {
            throw wrong("--tokenizer and --config are for --tokens");
        }
        if (tokens != null && tokenizer == null) {
            throw wrong("--tokens needs --tokenizer");
        }
        TokenCaches caches = tokens == null ? null : TokenCaches.of(tokens, tokenizer, config);
        SparkConf conf = new SparkConf().setIfMissing("spark.app.name", "llams data kowiki")
                .setIfMissing("spark.log.level", "WARN")
                // Kryo, which a cluster may have as its default, does not know records.
                .set("spark.serializer", "org.apache.spark.serializer.JavaSerializer")
                .set("spark.hadoop.mapreduce.output.fileoutputformat.compress", "false");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            Configuration hadoop = spark.hadoopConfiguration();
            FileSystem system = new Path(directory).getFileSystem(hadoop);
            Path target = system.makeQualified(new Path(directory));
            checkIsNew(system, target);
            if (caches != null && !system.getScheme().equals("file")) {
                throw new DataException(
                        "--tokens needs an --out that all machines see as a directory of their own, not " + target
                                + "; the parts can be tokenized where they are copied to");
            }
            List<Piece> pieces = pieces(hadoop);
            KowikiText.Counts counts = write(new ArticleFiles(spark, pieces, parts(pieces)), system, target);
            out.println(counts.summary(directory, ""));
            if (caches != null) {
                out.printf(Locale.ROOT, "%s: %,d tokens%n", tokens, caches.write(spark, system, target));
            }
        }
        return 0;
    }

    /// Where the job writes. Its result gets its name when it is complete.
    private static Path unfinished(Path target) {
        return target.suffix(".unfinished");
    }

    /// The files with text.
    static FileStatus[] parts(FileSystem system, Path directory) throws IOException {
        return system.listStatus(directory, path -> path.getName().startsWith("part-"));
    }

    private static void checkIsNew(FileSystem system, Path target) throws IOException {
        if (system.exists(target)) {
            throw new DataException(target + " exists; name a new directory");
        }
        Path unfinished = unfinished(target);
        if (system.exists(unfinished)) {
            throw new DataException(
                    unfinished + " exists: another job writes there, or one was ended; if none runs, delete it");
        }
    }

    private List<Piece> pieces(Configuration hadoop) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        for (int i = 0; i < dumps.size(); i++) {
            String index = indexes.isEmpty() ? index(dumps.get(i), hadoop) : indexes.get(i);
            pieces.addAll(Piece.of(new Path(dumps.get(i)), new Path(index), hadoop));
        }
        return pieces;
    }

    /// The name that Wikipedia's dumps give the index.
    private static String index(String dump, Configuration hadoop) throws IOException {
        Matcher name = DUMP_NAME.matcher(dump);
        if (!name.find()) {
            throw new DataException(
                    dump + ": its name lacks \"-multistream.xml\", by which its index would be found; name"
                            + " the index with --index, or use 'llams data kowiki' if it has none");
        }
        Path index = new Path(name.replaceFirst("-multistream-index$1.txt"));
        if (!index.getFileSystem(hadoop).exists(index)) {
            throw new FileNotFoundException(index + ": no such file: the index of " + dump);
        }
        return index.toString();
    }

    private int parts(List<Piece> pieces) {
        long bytes = pieces.stream().mapToLong(Piece::bytes).sum();
        long wanted = parts == null ? Math.ceilDiv(bytes, BYTES_A_PART) : parts;
        return (int) Math.min(wanted, pieces.size());
    }

    private KowikiText.Counts write(ArticleFiles files, FileSystem system, Path target) throws IOException {
        Path unfinished = unfinished(target);
        try {
            KowikiText.Counts counts = files.write(format, unfinished);
            counts.check(String.join(", ", dumps), directory);
            // Of redirects alone; `train` would refuse it.
            for (FileStatus file : parts(system, unfinished)) {
                if (file.getLen() == 0) {
                    system.delete(file.getPath(), false);
                }
            }
            FileContext.getFileContext(target.toUri(), system.getConf()).rename(unfinished, target);
            return counts;
        } finally {
            system.delete(unfinished, true);
        }
    }
}
