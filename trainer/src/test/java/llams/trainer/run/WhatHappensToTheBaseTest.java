package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.weights.LlamaWeights;
import llams.model.files.OutputDirectory;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A run takes all that its result needs when it starts. Weights that stay mapped are watched: a step made with others
/// than at the start does not count.
class WhatHappensToTheBaseTest {
    @TempDir
    Path directory;

    private Path model;
    private Path weights;
    private Path out;

    /// Something that is done to the base's files during a run.
    private interface Change {
        void make() throws IOException;
    }

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    @BeforeEach
    void makeModel() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        weights = model.resolve("model.safetensors");
        Files.writeString(model.resolve("LICENSE"), "as is");
        Files.writeString(model.resolve("tokenizer_config.json"), "{}");
        out = directory.resolve("out");
    }

    private TrainingRun.Report changedAfterStep(int step, LoraConfig lora, boolean map, Change change)
            throws IOException {
        try (LlamaWeights base = LlamaWeights.open(model, null, map, Options.standard());
                TrainingRun run = TrainingRun.of(Devices.byName("cpu"), SmallRun.settings(lora, 1e-2, 1, 0), base,
                        SmallRun.data(), SmallRun.data(), out)) {
            return run.run(false, report -> {
                if (report.step() == step) {
                    try {
                        change.make();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }
            });
        }
    }

    private Map<String, String> undisturbed(LoraConfig lora) throws IOException {
        Path straight = directory.resolve("straight");
        SmallRun.run(SmallRun.settings(lora, 1e-2, 1, 0), model, straight, false, report -> {});
        return SmallRun.results(straight);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void itMayBeDeleted(LoraConfig lora) throws IOException {
        Map<String, String> straight = undisturbed(lora);
        changedAfterStep(1, lora, true, () -> OutputDirectory.delete(model));
        assertEquals(straight, SmallRun.results(out));
        assertEquals("as is", Files.readString(out.resolve("LICENSE")));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void itMayBeReplaced(LoraConfig lora) throws IOException {
        Map<String, String> straight = undisturbed(lora);
        changedAfterStep(1, lora, true, () -> {
            Path other = Files.write(directory.resolve("other"), new byte[100]);
            Files.move(other, weights, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(model.resolve("config.json"), "{}");
            Files.writeString(model.resolve("LICENSE"), "other");
        });
        assertEquals(straight, SmallRun.results(out));
    }

    @Test
    void weightsWrittenToEndTheRunWithASaveOfTheStepsBefore() throws IOException {
        Map<String, String> straight = undisturbed(SmallRun.LORA);
        FileTime before = Files.getLastModifiedTime(weights);
        IOException e = assertThrows(IOException.class, () -> changedAfterStep(3, SmallRun.LORA, true,
                () -> Files.setLastModifiedTime(weights, FileTime.fromMillis(before.toMillis() + 5))));
        assertTrue(e.getMessage().startsWith(weights + ": was written to at "), e.getMessage());
        assertTrue(
                e.getMessage()
                        .endsWith("the newest save is " + Saves.directory(out, 4) + ", and `resume` continues from it"),
                e.getMessage());
        assertFalse(Files.exists(out.resolve("adapter_config.json")));
        assertEquals(4, Files.readAllLines(out.resolve("train.jsonl")).size());

        Files.setLastModifiedTime(weights, before);
        SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0), model, out, true, report -> {});
        assertEquals(straight, SmallRun.results(out));
    }

    @Test
    void aLengthThatChangesIsNamed() {
        IOException e = assertThrows(IOException.class, () -> changedAfterStep(0, SmallRun.LORA, true,
                () -> Files.write(weights, new byte[7], StandardOpenOption.APPEND)));
        long bytes = weights.toFile().length();
        assertTrue(e.getMessage().contains("had " + (bytes - 7) + " bytes when it was opened and now has " + bytes),
                e.getMessage());
        assertTrue(e.getMessage().contains("`noMap`"), e.getMessage());
    }

    /// Full training has copies of all weights.
    @Test
    void whatIsCopiedIsNotWatched() throws IOException {
        Map<String, String> straight = undisturbed(null);
        changedAfterStep(1, null, true, () -> Files.write(weights, new byte[7], StandardOpenOption.APPEND));
        assertEquals(straight, SmallRun.results(out));
    }

    @Test
    void copiedWeightsMayBeCutOff() throws IOException {
        Map<String, String> straight = undisturbed(SmallRun.LORA);
        changedAfterStep(1, SmallRun.LORA, false, () -> {
            try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
                channel.truncate(0);
            }
        });
        assertEquals(straight, SmallRun.results(out));
    }
}
