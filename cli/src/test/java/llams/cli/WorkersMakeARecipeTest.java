package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import llams.trainer.distributed.Collective;
import llams.trainer.ThreadMessages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two workers make what one makes of twice as many micro-batches, and say it once.
class WorkersMakeARecipeTest {
    private static final String RECIPE = """
            values: {accumulate: 1}
            stages:
              base: {kind: init, config: CONFIG}
              adapter: {kind: train, model: $base, data: DATA, tokens: 16, steps: 3, accumulate: $accumulate, sum: pairwise}
              tuned: {kind: merge adapter, base: $base, adapter: $adapter}
              full: {kind: train, model: $tuned, data: DATA, method: full, tokens: 16, steps: 2, accumulate: $accumulate,
                sum: pairwise}
              mean: {kind: merge linear, models: [$tuned, $full]}
            """;

    @TempDir
    Path directory;

    private static int run(Collective worker, Path recipe, Path out, OutputStream printed, OutputStream said,
            int accumulate) throws Exception {
        String[] args = {"recipe", "run", recipe.toString(), "--out", out.toString(), "--threads", "1", "--set",
                "accumulate=" + accumulate};
        return ScopedValue.where(JoinOptions.JOINED, worker)
                .call(() -> Main.run(args, new ByteArrayInputStream(new byte[0]), printed, said));
    }

    private Path recipe() throws IOException {
        Path config = Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG);
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 40; row++) {
            rows.append("{\"ids\": [").append(row + 1);
            for (int i = 0; i < row % 9; i++) {
                rows.append(", ").append(7 * i + row);
            }
            rows.append("]}\n");
        }
        Path data = Files.writeString(directory.resolve("data.jsonl"), rows);
        return Files.writeString(directory.resolve("r.yaml"),
                RECIPE.replace("CONFIG", config.toString()).replace("DATA", data.toString()));
    }

    @Test
    void sameFilesAsOne() throws Exception {
        Path recipe = recipe();
        Path out = directory.resolve("out");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (Collective worker : ThreadMessages.workers(2)) {
                OutputStream none = OutputStream.nullOutputStream();
                tasks.add(() -> run(worker, recipe, out, worker.rank() == 0 ? none : printed,
                        worker.rank() == 0 ? none : said, 1));
            }
            for (Future<Integer> code : threads.invokeAll(tasks)) {
                assertEquals(0, code.get());
            }
        }
        assertEquals("", printed.toString() + said, "what the second worker says");
        Path one = directory.resolve("one");
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertEquals(0, run(Collective.ALONE, recipe, one, OutputStream.nullOutputStream(), err, 2), err::toString);
        for (String file : List.of("adapter/adapter_model.safetensors", "tuned/model.safetensors",
                "full/model.safetensors", "mean/model.safetensors")) {
            assertEquals(-1, Files.mismatch(one.resolve(file), out.resolve(file)), file);
        }
        // The results are those of both: one process finds nothing left to do.
        err.reset();
        assertEquals(0, run(Collective.ALONE, recipe, out, OutputStream.nullOutputStream(), err, 2));
        assertEquals("", err.toString());
    }
}
