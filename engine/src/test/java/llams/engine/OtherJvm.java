package llams.engine;

import java.io.File;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// Runs a class of the tests in a JVM of its own.
public final class OtherJvm {
    private OtherJvm() {}

    /// What a run printed, errors included.
    public record Run(int exitCode, String output) {}

    /// @param flags     of the JVM
    /// @param libraries a class of each library that `main` needs
    public static Run run(List<String> flags, List<Class<?>> libraries, Class<?> main, String... args)
            throws IOException, InterruptedException {
        return run(new ProcessBuilder(command(flags, libraries, main, args)));
    }

    /// Runs a program that starts such a JVM.
    public static Run run(ProcessBuilder program) throws IOException, InterruptedException {
        Process process = program.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), output);
    }

    /// The command of [#run].
    public static List<String> command(List<String> flags, List<Class<?>> libraries, Class<?> main, String... args) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(flags);
        command.addAll(List.of("-cp", whereIs(main) + File.pathSeparator
                + libraries.stream().map(OtherJvm::whereIs).collect(Collectors.joining(File.pathSeparator))));
        command.add(main.getName());
        command.addAll(Arrays.asList(args));
        return command;
    }

    /// The directory or jar of a class, also where Maven has patched the tests into the module.
    private static String whereIs(Class<?> type) {
        String name = type.getName().substring(type.getPackageName().length() + 1) + ".class";
        String found = URLDecoder.decode(type.getResource(name).getPath(), StandardCharsets.UTF_8);
        int jar = found.indexOf("!/");
        return jar < 0
                ? found.substring(0, found.length() - type.getName().length() - ".class".length())
                : found.substring("file:".length(), jar);
    }
}
