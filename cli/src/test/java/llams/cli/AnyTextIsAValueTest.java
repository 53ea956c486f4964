package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;

/// What stands behind `=` is the value, and no value is taken for an option, a file of arguments or a command.
class AnyTextIsAValueTest {
    @TempDir
    Path directory;

    @TempDir
    static Path shared;

    static Path model;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared);
    }

    private String ids(String... prompt) {
        List<String> args = new ArrayList<>(
                List.of("generate", "-m", model.toString(), "-n", "6", "--temp", "0", "--print-ids"));
        args.addAll(List.of(prompt));
        Llams run = Llams.run(args.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return run.out();
    }

    private String idsOf(String text) throws IOException {
        return ids("-f", Files.writeString(directory.resolve("as-it-is"), text).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-n", "--stop", "--", "---", "--prompt=x", "-1", "@note", "@@", "train", "a=b", "'", "$HOME",
                    "${sys:user.home}", " ", "--no-such"})
    void aPromptIsTakenAsItStands(String text) throws IOException {
        Files.writeString(directory.resolve("note"), "--temp 7");
        assertEquals(idsOf(text), ids("--prompt=" + text));
        assertEquals(idsOf(text), ids("-p=" + text));
    }

    @Test
    void aPromptMayBeEmpty() throws IOException {
        assertEquals(idsOf(""), ids("--prompt="));
    }

    @Test
    void anArgumentWithAnAtSignIsNoFileOfArguments() throws IOException {
        String at = "@" + Files.writeString(directory.resolve("note"), "-n 1 unmatched");
        assertEquals(idsOf(at), ids("-p", at));
        Llams run = Llams.run("info", at);
        assertTrue(run.err().contains(at + ": no such"), run.err());
    }

    static Stream<OptionSpec> textOptions() {
        return HelpFitsAndItsExamplesParseTest.commands()
                .flatMap(command -> command.getCommandSpec().options().stream())
                // What is hidden is no option, only answered with a hint.
                .filter(option -> !option.hidden() && option.auxiliaryTypes().length == 1)
                .filter(option -> option.auxiliaryTypes()[0] == String.class
                        || option.auxiliaryTypes()[0] == Path.class);
    }

    @ParameterizedTest
    @MethodSource("textOptions")
    void everyOptionThatTakesTextTakesThisToo(OptionSpec option) {
        String[] path = option.command().qualifiedName().split(" ");
        CommandLine all = Main.commandLine(System.in, System.out, System.err, Arrays.copyOfRange(path, 1, path.length));
        for (String value : List.of("-n", "--help", "--", "@note")) {
            // An option of several values: the others are plain.
            int values = Math.max(1, option.arity().min());
            String[] args = Arrays.copyOfRange(path, 1, path.length + values);
            Arrays.fill(args, path.length - 1, args.length, "other");
            args[path.length - 1] = option.longestName() + "=" + value;
            CommandLine command = all;
            try {
                command.parseArgs(CommandArguments.marked(command, args));
            } catch (MissingParameterException e) {
                // Other options of the command are required; this one has its value all the same.
            }
            for (String name : Arrays.copyOfRange(args, 0, path.length - 1)) {
                command = command.getSubcommands().get(name);
            }
            Object read = command.getCommandSpec().findOption(option.longestName()).getValue();
            assertEquals(value, read instanceof List<?> list ? list.getFirst().toString() : read.toString());
        }
    }

    @Test
    void aForgottenValueIsSaidWithTheWayToMeanIt() {
        String m = model.toString();
        Llams run = Llams.run("generate", "-m", m, "-p", "-n");
        assertEquals(new Llams(2, "",
                "llams generate: --prompt needs a value, but -n is an option; if it is meant as the value,"
                        + " write --prompt=-n; see 'llams generate --help'\n"),
                run);
        assertEquals(2, Llams.run("generate", "-m", m, "-p", "x", "--stop", "--").code());
        assertEquals(2, Llams.run("train", "--data", "--out", "x").code());
        assertEquals(2, Llams.run("data", "stats", "--tokenizer", "--no-pack", "x").code());
    }

    @Test
    void severalValuesEndAtTheNextOption() throws IOException {
        Path text = Files.writeString(directory.resolve("a.txt"), "some text");
        Llams run = Llams.run("train", "-m", model.toString(), "--data", text.toString(), text.toString(), "--out", "o",
                "--print-config");
        assertTrue(run.out().contains("data: [" + text + ", " + text + "]"), run.out() + run.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-8"})
    void aPromptFileMayBeginWithAByteOrderMark(String charset) throws IOException {
        Path file = Files.write(directory.resolve("p.txt"), "\uFEFFso it 간다\n".getBytes(Charset.forName(charset)));
        assertEquals(idsOf("so it 간다\n"), ids("--file", file.toString()));
        Path yaml = Files.write(directory.resolve("p.yaml"),
                "\uFEFFlr: 0.25\r\n# 한국어\r\n".getBytes(Charset.forName(charset)));
        assertTrue(Llams
                .run("train", "-m", "m", "--data", "d", "--out", "o", "--config", yaml.toString(), "--print-config")
                .out()
                .contains("lr: 0.25"));
    }

    @Test
    void utf16ShowsWithoutItsMarkToo() throws IOException {
        Path file = Files.write(directory.resolve("p.txt"), "so it 간다".getBytes(StandardCharsets.UTF_16LE));
        assertEquals(idsOf("so it 간다"), ids("-f", file.toString()));
    }

    @Test
    void aDashIsStandardInput() throws IOException {
        Llams run = Llams.withInput("so it\n", "generate", "-m", model.toString(), "-f", "-", "-n", "6", "--temp", "0",
                "--print-ids");
        assertEquals(idsOf("so it\n"), run.out(), run.err());
    }

    @Test
    void whatIsNoTextIsNamed() throws IOException {
        Path cp949 = Files.write(directory.resolve("ko.txt"), "한국".getBytes(Charset.forName("x-windows-949")));
        Llams run = Llams.run("generate", "-m", model.toString(), "-f", cp949.toString());
        assertEquals(1, run.code());
        assertTrue(run.err().startsWith("llams: " + cp949 + ": not UTF-8 at byte 0; convert it"), run.err());
        run = Llams.run("generate", "-m", model.toString(), "-f", directory.toString());
        assertTrue(run.err().startsWith("llams: " + directory + ": "), run.err());
    }
}
