package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import llams.model.files.OutputDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// However often a recipe's run is killed, its results are those of one that was not. `-Dllams.kills=30` kills more
/// often.
class KilledRecipesEndAlikeTest {
    private static final int KILLS = Integer.getInteger("llams.kills", 2);
    private static final Path LOG = Path.of("run.log");

    @TempDir
    Path directory;

    @Test
    void resultsAreThoseOfARunThatWasNotKilled() throws Exception {
        Path recipe = RecipeFiles.write(directory);
        Path out = directory.resolve("out");
        Llams run = Llams.run("recipe", "run", recipe.toString(), "--out", out.toString());
        assertEquals(0, run.code(), run.err());
        Map<String, String> wanted = RecipeFiles.results(out);
        Random random = new Random(7);
        int kills = 0;
        while (kills < KILLS) {
            // In the same place again: settings that are written down hold paths.
            OutputDirectory.delete(out);
            Process process = start(recipe, out);
            while (kills < KILLS && !process.waitFor(300 + random.nextInt(4_000), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                kills++;
                process = start(recipe, out);
            }
            assertEquals(0, process.waitFor(), this::log);
            Map<String, String> results = RecipeFiles.results(out);
            assertEquals(wanted.keySet(), results.keySet());
            assertEquals(Set.of(),
                    wanted.keySet()
                            .stream()
                            .filter(file -> !wanted.get(file).equals(results.get(file)))
                            .collect(Collectors.toSet()),
                    "files that differ after " + kills + " kills");
        }
    }

    private String log() {
        try {
            return Files.readString(directory.resolve(LOG));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private Process start(Path recipe, Path out) throws IOException {
        String modules = System.getProperty("jdk.module.path", "");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp",
                        System.getProperty("java.class.path")));
        // As modules where the test is one: only they know the program's version, which cards name.
        command.addAll(modules.isEmpty()
                ? List.of(Main.class.getName())
                : List.of("--module-path", modules, "--module", "llams.cli/" + Main.class.getName()));
        command.addAll(List.of("recipe", "run", recipe.toString(), "--out", out.toString()));
        return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve(LOG).toFile())
                .start();
    }
}
