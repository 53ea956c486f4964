package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import llams.model.files.OutputDirectory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever is wrong with a save is found and said, and the newest one with nothing wrong is used.
class DamagedSavesAreNamedTest {
    @TempDir
    static Path shared;
    @TempDir
    Path directory;

    private static Path model;
    private static Path run;

    /// What somebody does to a save.
    @FunctionalInterface
    private interface Harm {
        void to(Path save) throws IOException;
    }

    /// Saves of steps 3, 4 and 5, that of the last step being one more than are kept.
    @BeforeAll
    static void aFinishedRun() throws IOException {
        model = SmallRun.model(shared.resolve("model"));
        run = shared.resolve("run");
        SmallRun.notes(SmallRun.constant(5, 1, 2), model, run, false);
        assertEquals(List.of("step-000003", "step-000004", "step-000005"), names(run));
    }

    private static List<String> names(Path out) throws IOException {
        return Saves.all(out).stream().map(save -> save.getFileName().toString()).toList();
    }

    private Path copy() throws IOException {
        Path out = directory.resolve("out");
        if (Files.exists(out)) {
            OutputDirectory.delete(out);
        }
        try (Stream<Path> tree = Files.walk(run)) {
            for (Path file : tree.toList()) {
                Files.copy(file, out.resolve(run.relativize(file)));
            }
        }
        return out;
    }

    private static Harm flip(String file, double part) {
        return save -> {
            byte[] bytes = Files.readAllBytes(save.resolve(file));
            bytes[(int) (part * (bytes.length - 1))] ^= 4;
            Files.write(save.resolve(file), bytes);
        };
    }

    private static Harm cut(String file, int bytes) {
        return save -> {
            byte[] content = Files.readAllBytes(save.resolve(file));
            Files.write(save.resolve(file), Arrays.copyOf(content, content.length + bytes));
        };
    }

    private static Harm without(String file) {
        return save -> Files.delete(save.resolve(file));
    }

    private static Harm with(String file, String content) {
        return save -> Files.write(save.resolve(file), content.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Harm withoutLine(int line) {
        return save -> {
            List<String> lines = new ArrayList<>(Files.readAllLines(save.resolve("SHA256SUMS")));
            lines.remove(line);
            Files.write(save.resolve("SHA256SUMS"), lines);
        };
    }

    @Test
    void andTheNewestGoodOneIsUsed() throws IOException {
        List<String> asEver = List.of("adapter_config.json", "adapter_model.safetensors");
        List<Map.Entry<Harm, String>> harms = new ArrayList<>();
        for (String file : List.of("state.safetensors", "state.json")) {
            for (double part : new double[] {0, 0.6, 1}) {
                harms.add(Map.entry(flip(file, part), file + " is not what was saved"));
            }
            harms.add(Map.entry(cut(file, -8), file + " is not what was saved"));
            harms.add(Map.entry(cut(file, 1), file + " is not what was saved"));
            harms.add(Map.entry(without(file), file + " is missing"));
            harms.add(Map.entry(with(file, ""), file + " is not what was saved"));
        }
        for (double part : new double[] {0, 0.2, 1}) {
            harms.add(Map.entry(flip("SHA256SUMS", part), ""));
        }
        harms.add(Map.entry(with("SHA256SUMS", ""), "SHA256SUMS itself is damaged"));
        harms.add(Map.entry(with("SHA256SUMS", "\u0000\u00ff\u0080"), "SHA256SUMS itself is damaged"));
        harms.add(Map.entry(with("SHA256SUMS", "0".repeat(64) + "  a\u0000b\n"), "SHA256SUMS itself is damaged"));
        harms.add(Map.entry(withoutLine(0), "SHA256SUMS has no sum of state.json"));
        harms.add(Map.entry(withoutLine(1), "SHA256SUMS has no sum of state.safetensors"));
        harms.add(Map.entry(without("SHA256SUMS"), "SHA256SUMS is missing"));
        RunSettings asked = SavedState.read(run.resolve("step-000005")).settings();
        Set<String> resumed = new HashSet<>();
        for (Map.Entry<Harm, String> harm : harms) {
            Path out = copy();
            for (String file : asEver) {
                Files.delete(out.resolve(file));
            }
            Path save = out.resolve("step-000005");
            harm.getKey().to(save);
            List<String> found = new ArrayList<>();
            Saves saves = new Saves(out, 2, asked, found::add);
            saves.check(List.of());
            assertEquals(out.resolve("step-000004"), saves.newest().orElseThrow());
            assertTrue(
                    found.size() == 1 && found.getFirst().startsWith(save + " is damaged: ")
                            && found.getFirst().endsWith(harm.getValue()),
                    "wanted \"" + harm.getValue() + "\" in: " + found);
            // A whole run for one of each kind.
            if (!resumed.add(harm.getValue())) {
                continue;
            }
            List<String> notes = SmallRun.notes(SmallRun.constant(5, 1, 2), model, out, true);
            assertEquals(found.getFirst(), notes.getFirst());
            assertEquals(List.of("from step-000004", "step 4"), notes.subList(1, notes.size()));
            assertEquals(SmallRun.results(run), SmallRun.results(out));
        }
        assertEquals(List.of("from step-000005"),
                SmallRun.notes(SmallRun.constant(5, 1, 2), model, directory.resolve("out"), true).subList(0, 1));
    }

    @Test
    void alsoIfItIsNotTheNewest() throws IOException {
        Path out = copy();
        flip("state.safetensors", 0.5).to(out.resolve("step-000004"));
        List<String> notes = SmallRun.notes(SmallRun.constant(5, 1, 2), model, out, true);
        assertEquals(out.resolve("step-000004") + " is damaged: state.safetensors is not what was saved",
                notes.getFirst());
        assertEquals("from step-000005", notes.get(1));
    }

    @Test
    void ifNoneIsGoodNothingIsTouched() throws IOException {
        Path out = copy();
        for (Path save : Saves.all(out)) {
            flip("state.json", 0.5).to(save);
        }
        IOException e = assertThrows(IOException.class,
                () -> SmallRun.notes(SmallRun.constant(5, 1, 2), model, out, true));
        assertEquals(out.resolve("step-000005") + " is damaged: state.json is not what was saved; no save is good,"
                + " so there is nothing to continue from: choose another `out`", e.getMessage());
        assertEquals(List.of("step-000003", "step-000004", "step-000005"), names(out));
        assertEquals(SmallRun.results(run), SmallRun.results(out));
    }

    @Test
    void filesOfOthersInASaveAreNoDamage() throws IOException {
        Path out = copy();
        Files.writeString(out.resolve("step-000005/notes.txt"), "the best so far");
        assertEquals(List.of("from step-000005"),
                SmallRun.notes(SmallRun.constant(5, 1, 2), model, out, true).subList(0, 1));
    }

    @Test
    void numbersSortAsNumbers() throws IOException {
        Path out = Files.createDirectory(directory.resolve("numbers"));
        for (String name : List.of("step-1000000", "step-999999", "step-000120", "step-20", "step-", "step-x",
                "step-5.tmp-1-a", "step-99999999999999999999")) {
            Files.createDirectory(out.resolve(name));
        }
        assertEquals(List.of("step-20", "step-000120", "step-999999", "step-1000000"), names(out));
        assertEquals(out.resolve("step-1000000"), RunDirectory.newestSave(out).orElseThrow());
        assertEquals("step-1000000", Saves.directory(out, 1_000_000).getFileName().toString());
    }
}
