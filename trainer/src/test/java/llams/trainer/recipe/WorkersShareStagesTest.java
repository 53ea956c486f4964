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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.ThreadMessages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// All workers of a recipe do its shared stages; the first one does the others while they wait.
@Timeout(60)
class WorkersShareStagesTest {
    private static final String RECIPE = """
            stages:
              a: {kind: alone}
              b: {kind: shared, of: $a}
              c: {kind: alone, of: $b}
              d: {kind: shared, of: $c}
            """;

    @TempDir
    Path directory;
    /// By the worker's rank.
    private final List<List<String>> ran = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    /// A stage, and what it ends with.
    private String failing = "";
    private int code;

    private record OneStage(WorkersShareStagesTest test, Collective worker, Stage stage,
            Path directory) implements Work {
        @Override
        public SortedMap<String, List<Setting>> settings() {
            return new TreeMap<>();
        }

        @Override
        public boolean canResume() {
            return Files.exists(directory);
        }

        @Override
        public boolean isShared() {
            return stage.kind().equals("shared");
        }

        @Override
        public Outcome run(boolean resume) throws IOException {
            test.ran.get(worker.rank()).add(stage.name() + (resume ? " resumed" : ""));
            if (isShared()) {
                worker.barrier();
            }
            if (worker.rank() == 0) {
                Files.createDirectories(directory);
            }
            return new Outcome(stage.name().equals(test.failing) ? test.code : 0, "");
        }
    }

    private RecipeRun open(Collective worker, Path out, String recipe) throws IOException {
        Path yaml = Files.writeString(directory.resolve("r" + worker.rank() + ".yaml"), recipe);
        return new RecipeRun(Recipe.read(yaml, Map.of()), new Kinds() {
            @Override
            public Path result(Stage stage, Path at) {
                return at;
            }

            @Override
            public Work work(Stage stage, Path at, Map<String, Path> results) {
                return new OneStage(WorkersShareStagesTest.this, worker, stage, at);
            }
        }, out, "1").on(worker);
    }

    /// The exit codes of three workers, and -1 for an exception.
    private List<Future<Integer>> run(Path outOfOthers, String recipeOfOthers) throws Exception {
        ran.forEach(List::clear);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (Collective worker : ThreadMessages.workers(3)) {
                boolean isFirst = worker.rank() == 0;
                RecipeRun run = open(worker, isFirst ? directory.resolve("out") : outOfOthers,
                        isFirst ? RECIPE : recipeOfOthers);
                tasks.add(() -> run.run(false, new RecipeRun.Listener() {
                    @Override
                    public void begins(StagePlan stage, int number, int stages) {}

                    @Override
                    public void ends(StageRecord stage) {}
                }).exitCode());
            }
            List<Future<Integer>> codes = new ArrayList<>();
            tasks.forEach(task -> codes.add(threads.submit(task)));
            if (recipeOfOthers.equals(RECIPE) && outOfOthers.endsWith("out")) {
                for (Future<Integer> code : codes) {
                    code.get();
                }
            } else {
                assertThrows(ExecutionException.class, codes.get(1)::get);
                threads.shutdownNow();
            }
            return codes;
        }
    }

    private List<Integer> codes() throws Exception {
        List<Integer> codes = new ArrayList<>();
        for (Future<Integer> code : run(directory.resolve("out"), RECIPE)) {
            codes.add(code.get());
        }
        return codes;
    }

    @Test
    void eachStageRunsOnceAndTogetherOnlyIfItIsShared() throws Exception {
        assertEquals(List.of(0, 0, 0), codes());
        assertEquals(List.of(List.of("a", "b", "c", "d"), List.of("b", "d"), List.of("b", "d")), ran);
        assertEquals(List.of(0, 0, 0), codes());
        assertEquals(List.of(List.of(), List.of(), List.of()), ran);
    }

    @Test
    void whatWasInterruptedIsResumedByAll() throws Exception {
        failing = "b";
        code = 143;
        assertEquals(List.of(143, 143, 143), codes());
        failing = "";
        assertEquals(List.of(0, 0, 0), codes());
        assertEquals(List.of(List.of("b resumed", "c", "d"), List.of("b resumed", "d"), List.of("b resumed", "d")),
                ran);
    }

    @Test
    void theFailureOfOneStageEndsAll() throws Exception {
        for (String stage : List.of("a", "b", "c", "d")) {
            failing = stage;
            code = 1;
            assertEquals(List.of(1, 1, 1), codes());
        }
    }

    @Test
    void resultsThatAWorkerDoesNotSeeAreNamed() throws Exception {
        ExecutionException unseen = assertThrows(ExecutionException.class,
                () -> run(directory.resolve("elsewhere"), RECIPE).get(1).get());
        assertTrue(unseen.getMessage().contains("elsewhere/recipe/b.json, which worker 0 has written, is not there"),
                unseen.getMessage());
        ExecutionException other = assertThrows(ExecutionException.class,
                () -> run(directory.resolve("out"), RECIPE.replace("b:", "e:").replace("$b", "$e")).get(1).get());
        assertTrue(other.getMessage().contains("worker 1: its recipe has no stage b"), other.getMessage());
    }
}
