package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.weights.ConfigJson;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every Java program of docs/LIBRARY.md and README.md compiles and runs as printed, in a directory with a small random
/// model, and so do the lessons of docs/notebooks, which print what their notebooks show. What is not a whole program is
/// typed into jshell; `-Dllams.lessons=jshell` types all lessons too (a minute), `-Dllams.lessons=write` writes the
/// notebooks anew.
class DocumentedProgramsRunTest {
    private static final Pattern BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern FILE = Pattern.compile("(?m)^// (\\w+)\\.java$");
    private static final List<String> VECTORS = List.of("--add-modules", "jdk.incubator.vector");
    /// The tools do not live long enough for code that is compiled twice; without the second compiler, vectors are slow.
    private static final String COMPILED_ONCE = "-XX:TieredStopAtLevel=1";
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 256,
             "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.1,
             "bos_token_id": 256, "eos_token_id": 257, "torch_dtype": "float32"}
            """;

    @TempDir
    static Path directory;

    static Path classes;
    static String classPath;
    /// Sources by class name.
    static final Map<String, String> programs = new LinkedHashMap<>();
    static List<Notebook> lessons;
    static final List<String> snippets = new ArrayList<>();

    @BeforeAll
    static void runAll() throws Exception {
        lessons = Notebook.all(Golden.ROOT);
        lessons.forEach(lesson -> programs.put(lesson.name(), lesson.program()));
        for (String document : List.of("docs/LIBRARY.md", "README.md")) {
            Matcher block = BLOCK.matcher(Files.readString(Golden.ROOT.resolve(document)));
            while (block.find()) {
                Matcher file = FILE.matcher(block.group(1));
                if (file.find()) {
                    programs.put(file.group(1), block.group(1));
                } else if (block.group(1).contains("void main(")) {
                    programs.put("Capital", block.group(1));
                } else {
                    snippets.add(block.group(1));
                }
            }
        }
        StringBuilder vocabulary = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            vocabulary.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b})).append(" " + b + "\n");
        }
        Path tokenizer = Files.writeString(directory.resolve("tokenizer.model"), vocabulary);
        Path config = Files.writeString(directory.resolve("config.json"), CONFIG);
        NewModel.write(ConfigJson.readFile(config), 3, tokenizer, directory.resolve("model"), ByteProgress.SILENT);
        // The same answers each time: by chance one would hold what a prompt is written with.
        Files.writeString(directory.resolve("model/generation_config.json"), "{\"do_sample\": false}");
        // Where `llams demo` leaves one.
        Files.createDirectory(directory.resolve("llams-demo"));
        Files.createSymbolicLink(directory.resolve("llams-demo/final"), directory.resolve("model"));
        Files.writeString(directory.resolve("data.jsonl"), """
                {"messages": [{"role": "user", "content": "capital?"}, {"role": "assistant", "content": "Seoul"}]}
                {"messages": [{"role": "user", "content": "river?"}, {"role": "assistant", "content": "Han"}]}
                """);
        classPath = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(path -> path != null && !path.isEmpty())
                .flatMap(path -> Stream.of(path.split(File.pathSeparator)))
                // jshell refuses what does not exist.
                .filter(path -> Files.exists(Path.of(path)))
                .collect(Collectors.joining(File.pathSeparator));
        classes = directory.resolve("classes");
        List<String> javac = new ArrayList<>(
                List.of("javac", "-J" + COMPILED_ONCE, "-Xlint:all", "-d", classes.toString(), "-cp", classPath));
        javac.addAll(VECTORS);
        for (Map.Entry<String, String> program : programs.entrySet()) {
            javac.add(Files.writeString(directory.resolve(program.getKey() + ".java"), program.getValue()).toString());
        }
        run("", javac);
        List<String> java = new ArrayList<>(
                List.of("java", "--enable-native-access=ALL-UNNAMED", "-cp", classes + File.pathSeparator + classPath));
        java.addAll(VECTORS);
        java.add(InTurn.class.getName());
        java.addAll(programs.keySet());
        run("hi\nyou\n", java);
    }

    /// What a tool of this JDK prints, started beside the model.
    private static String run(String input, List<String> command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        all.set(0, Path.of(System.getProperty("java.home"), "bin", command.getFirst()).toString());
        Path in = Files.writeString(directory.resolve("in"), input);
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process = new ProcessBuilder(all).directory(directory.toFile())
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        int code = process.waitFor();
        String printed = Files.readString(out);
        assertEquals(0, code, () -> command.getFirst() + ": " + printed + "\n" + errors(err));
        return printed;
    }

    private static String errors(Path err) {
        try {
            return Files.readString(err);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// What a program printed.
    private static List<String> program(String name) throws IOException {
        return printed(name).lines().toList();
    }

    private static String printed(String name) throws IOException {
        return Files.readString(directory.resolve(name + ".out"));
    }

    @Test
    void programs() throws IOException {
        assertEquals(
                Set.of("Tokenize", "Capital", "Generate", "Chat", "Tune", "Xor", "Lesson1", "Lesson2", "Lesson3",
                        "Lesson4", "Lesson5"),
                programs.keySet(), "the programs of the documents, and those of this test");
        assertEquals("Hello, 세계!", program("Tokenize").get(1));
        assertFalse(String.join("", program("Capital")).isBlank());
        List<String> story = program("Generate");
        assertTrue(story.getLast().matches("\\d+ tokens, (LENGTH|STOP_ID|CALLER)"), story.toString());
        String chat = String.join("\n", program("Chat"));
        assertEquals(3, chat.split("> ", -1).length - 1, chat);
        List<String> tuning = program("Tune");
        assertTrue(tuning.get(19).startsWith("step 20 of 20: loss "), tuning.toString());
        assertTrue(Files.exists(directory.resolve("adapter/adapter_model.safetensors")));
        List<String> losses = program("Xor");
        assertEquals(5, losses.size());
        assertTrue(Double.parseDouble(losses.getLast().replaceAll(".* ", "")) < 0.01, losses.toString());
    }

    /// Runs the programs with these names one after the other, each printing to a file of its name: started alone, each
    /// would wait for the compiler anew.
    static final class InTurn {
        private InTurn() {}

        static void main(String[] names) throws ReflectiveOperationException, IOException {
            for (String name : names) {
                try (PrintStream out = new PrintStream(name + ".out", StandardCharsets.UTF_8)) {
                    System.setOut(out);
                    start(Class.forName(name));
                }
            }
        }

        /// As Java's launcher does.
        private static void start(Class<?> program) throws ReflectiveOperationException {
            Method main = null;
            for (Method method : program.getDeclaredMethods()) {
                main = method.getName().equals("main") ? method : main;
            }
            main.setAccessible(true);
            Object instance = null;
            if (!Modifier.isStatic(main.getModifiers())) {
                Constructor<?> constructor = program.getDeclaredConstructor();
                constructor.setAccessible(true);
                instance = constructor.newInstance();
            }
            main.invoke(instance, main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]});
        }
    }

    @Test
    void firstLinesInJshell() throws IOException, InterruptedException {
        assertFalse(snippets.isEmpty());
        List<Path> files = new ArrayList<>();
        for (String snippet : snippets) {
            files.add(Files.writeString(directory.resolve("lines" + files.size() + ".jsh"), snippet));
        }
        boolean isAll = "jshell".equals(System.getProperty("llams.lessons"));
        for (Notebook lesson : isAll ? lessons : List.<Notebook>of()) {
            files.add(lesson.file());
        }
        String printed = jshell(files);
        assertFalse(printed.isBlank() || printed.contains("Exception") || printed.contains("rror"), printed);
        if (isAll) {
            assertTrue(printed.endsWith(String.join("", printedByLessons())), printed);
        }
    }

    /// What jshell prints for these files. Without a terminal, it ends with a failure only where it is told to.
    private static String jshell(List<Path> files) throws IOException, InterruptedException {
        Path exit = Files.writeString(directory.resolve("exit.jsh"), "\n/exit\n");
        List<String> jshell = new ArrayList<>(List.of("jshell", "--class-path", classPath,
                "-R--add-modules=jdk.incubator.vector", "-R--enable-native-access=ALL-UNNAMED",
                "-J-Djava.util.prefs.userRoot=" + directory, "-J" + COMPILED_ONCE, "-R" + COMPILED_ONCE));
        jshell.addAll(VECTORS);
        Stream.concat(files.stream(), Stream.of(exit)).map(Path::toString).forEach(jshell::add);
        return run("", jshell);
    }

    private static List<String> printedByLessons() throws IOException {
        List<String> all = new ArrayList<>();
        for (Notebook lesson : lessons) {
            all.add(printed(lesson.name()).replace(Notebook.END_OF_CELL, ""));
        }
        return all;
    }

    @Test
    void lessonsAgreeWithThemselves() throws IOException {
        String printed = String.join("", printedByLessons());
        assertTrue(printed.contains("lowest and newest\n"), printed);
        Matcher byHand = Pattern.compile("the program (\\S+), by hand (\\S+)").matcher(printed);
        for (int i = 0; i < 2; i++) {
            assertTrue(byHand.find(), printed);
            assertEquals(Double.parseDouble(byHand.group(2)), Double.parseDouble(byHand.group(1)), 1e-5);
        }
        Matcher differences = Pattern.compile("furthest apart (\\S+)").matcher(printed);
        for (double most : new double[] {1e-2, 1e-2, 1e-2, 1e-7}) {
            assertTrue(differences.find(), printed);
            assertTrue(Double.parseDouble(differences.group(1)) < most, printed);
        }
        // The base model says the same before and after the adapter was trained, and something else with it.
        List<String> said = printed.lines().filter(line -> line.startsWith("Yesterday the cat")).toList();
        assertEquals(3, said.size(), printed);
        assertEquals(said.getFirst(), said.getLast());
        assertTrue(said.get(1).startsWith("Yesterday the cat gave me some"), printed);
        assertFalse(said.get(0).equals(said.get(1)), printed);
    }

    @Test
    void notebooksShowWhatTheLessonsPrint() throws IOException {
        assertEquals(5, lessons.size());
        for (Notebook lesson : lessons) {
            String json = lesson.json(printed(lesson.name()));
            if ("write".equals(System.getProperty("llams.lessons"))) {
                Files.writeString(lesson.beside(), json);
            }
            assertEquals(json, Files.readString(lesson.beside()),
                    () -> lesson.beside() + "; -Dllams.lessons=write writes what is meant");
        }
    }
}
