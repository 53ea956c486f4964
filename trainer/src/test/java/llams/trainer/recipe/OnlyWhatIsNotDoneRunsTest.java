package llams.trainer.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.model.files.DataException;
import llams.trainer.recipe.StagePlan.State;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stages that write down what they were given.
class OnlyWhatIsNotDoneRunsTest {
    private static final String RECIPE = """
            values: {word: one}
            stages:
              a: {kind: copy, of: FILE}
              b: {kind: copy, of: [$a/result, $word]}
              c: {kind: copy, of: $a}
              d: {kind: copy, of: [$b, $c]}
            """;

    @TempDir
    Path directory;
    private Path file;
    private final List<String> ran = new ArrayList<>();
    /// The stage that fails when it has written half of its result, or null.
    private String failing;
    private String version = "1";
    /// A file that stages take and that is not there, or null.
    private Path gone;

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(directory.resolve("input.txt"), "input");
    }

    private record Copy(OnlyWhatIsNotDoneRunsTest test, Stage stage, Path directory,
            Map<String, Path> results) implements Work {
        @Override
        public SortedMap<String, List<Setting>> settings() {
            SortedMap<String, List<Setting>> settings = new TreeMap<>();
            stage.settings()
                    .forEach((name, setting) -> settings.put(name,
                            setting.values().stream().map(value -> switch (value) {
                                case Stage.Text text when Files.exists(Path.of(text.text())) ->
                                    new Setting("", Path.of(text.text()));
                                case Stage.Text text -> new Setting(text.text(), null);
                                case Stage.Output made -> {
                                    Path path = results.get(made.stage()).resolve(made.file());
                                    yield new Setting("", path);
                                }
                            }).toList()));
            if (test.gone != null) {
                settings.put("gone", List.of(new Setting("", test.gone)));
            }
            return settings;
        }

        @Override
        public boolean canResume() {
            return Files.exists(directory.resolve("half"));
        }

        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public Outcome run(boolean resume) throws IOException {
            test.ran.add(stage.name() + (resume ? " resumed" : ""));
            Files.createDirectories(directory);
            if (stage.name().equals(test.failing)) {
                Files.writeString(directory.resolve("half"), "");
                throw new IOException("cut");
            }
            Files.writeString(directory.resolve("result"), settings().toString());
            return new Outcome(0, "{\"n\": 1}");
        }
    }

    private RecipeRun open(Map<String, String> values) throws IOException {
        Path yaml = Files.writeString(directory.resolve("r.yaml"), RECIPE.replace("FILE", file.toString()));
        Kinds kinds = new Kinds() {
            @Override
            public Path result(Stage stage, Path at) {
                return at.resolve("result");
            }

            @Override
            public Work work(Stage stage, Path at, Map<String, Path> results) {
                Map<String, Path> directories = new TreeMap<>();
                results.forEach((name, result) -> directories.put(name, result.getParent()));
                return new Copy(OnlyWhatIsNotDoneRunsTest.this, stage, at, directories);
            }
        };
        return new RecipeRun(Recipe.read(yaml, values), kinds, directory.resolve("out"), version);
    }

    private List<String> run(Map<String, String> values) throws IOException {
        ran.clear();
        RecipeRun.Ending ending = open(values).run(false, new RecipeRun.Listener() {
            @Override
            public void begins(StagePlan stage, int number, int stages) {}

            @Override
            public void ends(StageRecord stage) {}
        });
        assertEquals(0, ending.exitCode());
        assertTrue(ending.stages().stream().allMatch(StagePlan::isDone));
        return List.copyOf(ran);
    }

    @Test
    void aSecondRunDoesNothing() throws IOException {
        assertEquals(List.of("a", "b", "c", "d"), run(Map.of()));
        assertEquals(List.of(), run(Map.of()));
    }

    @Test
    void whatDependsOnAChangeRuns() throws IOException {
        run(Map.of());
        List<StagePlan> plan = open(Map.of("word", "two")).plan();
        assertEquals(List.of("done", "changed: of", "done", "changed: of"), plan.stream().map(StagePlan::why).toList());
        assertEquals(List.of("b", "d"), run(Map.of("word", "two")));
        assertEquals(List.of(), run(Map.of("word", "two")));
    }

    @Test
    void aFileWithOtherContentIsAChange() throws IOException {
        run(Map.of());
        Files.writeString(file, "other");
        assertEquals(List.of("a", "b", "c", "d"), run(Map.of()));
    }

    @Test
    void anotherProgramIsAChange() throws IOException {
        run(Map.of());
        version = "2";
        assertEquals("changed: program 1 -> 2", open(Map.of()).plan().getFirst().why());
        assertEquals(List.of("a", "b", "c", "d"), run(Map.of()));
    }

    @Test
    void whatFailedIsNotTakenForAResult() throws IOException {
        failing = "b";
        assertThrows(IOException.class, () -> run(Map.of()));
        assertEquals(List.of(State.DONE, State.INTERRUPTED, State.NEW, State.NEW),
                open(Map.of()).plan().stream().map(StagePlan::state).toList());
        failing = null;
        assertEquals(List.of("b resumed", "c", "d"), run(Map.of()));
    }

    @Test
    void whatWasInterruptedWithOtherSettingsBeginsAgain() throws IOException {
        failing = "b";
        assertThrows(IOException.class, () -> run(Map.of()));
        failing = null;
        assertEquals(List.of("b", "c", "d"), run(Map.of("word", "two")));
        assertTrue(Files.notExists(directory.resolve("out/b/half")));
    }

    @Test
    void aResultThatIsGoneIsMadeAgain() throws IOException {
        run(Map.of());
        Files.delete(directory.resolve("out/c/result"));
        assertEquals(List.of("c"), run(Map.of()));
    }

    @Test
    void leftoversOfAKilledRunAreRemoved() throws IOException {
        Path left = Files.createDirectories(directory.resolve("out/recipe")).resolveSibling("a.tmp-12-ab");
        Files.writeString(Files.createDirectories(left).resolve("x"), "");
        run(Map.of());
        assertTrue(Files.notExists(left));
    }

    @Test
    void whatTookHoursIsNotReplacedUnasked() throws IOException {
        run(Map.of());
        Path record = directory.resolve("out/recipe/b.json");
        Files.writeString(record, Files.readString(record).replaceFirst("\"seconds\" : [^,]+,", "\"seconds\" : 9000,"));
        IOException refused = assertThrows(IOException.class, () -> run(Map.of("word", "two")));
        assertTrue(refused.getMessage().startsWith("stage b took 2.5 hours"), refused.getMessage());
        assertEquals(List.of(), run(Map.of()));
    }

    @Test
    void aDirectoryOfSomethingElseIsLeftAlone() throws IOException {
        Files.writeString(Files.createDirectories(directory.resolve("out")).resolve("mine.txt"), "");
        IOException refused = assertThrows(IOException.class, () -> run(Map.of()));
        assertTrue(refused.getMessage().contains("not empty"), refused.getMessage());
    }

    @Test
    void aMissingFileIsNamedWithItsStage() throws IOException {
        gone = Path.of("gone.txt");
        assertEquals("gone.txt is missing", open(Map.of()).plan().getFirst().why());
        DataException missing = assertThrows(DataException.class, () -> run(Map.of()));
        assertTrue(missing.getMessage().matches(".*r.yaml:3: stage a: gone.txt is missing.*"), missing.getMessage());
        assertEquals(List.of(), ran);
    }
}
