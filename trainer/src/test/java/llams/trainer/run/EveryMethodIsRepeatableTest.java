package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.llama.ProjectionName;
import llams.engine.preference.Dpo;
import llams.engine.preference.Kto;
import llams.engine.preference.Orpo;
import llams.engine.preference.SimPo;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraForm;
import llams.model.lora.LoraRules;
import llams.model.lora.Modules;
import llams.trainer.data.Document;
import llams.trainer.data.PairDataset;
import llams.trainer.data.Sequences;
import llams.trainer.optim.Schedule;
import llams.trainer.replay.ReplayJson;
import llams.trainer.replay.StepReplay;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A second run, one that was interrupted and resumed, and one with other threads give the same bytes, by every method;
/// and a step made again is that of the log.
class EveryMethodIsRepeatableTest {
    private static final int STEPS = 4;
    private static final Distilled TAUGHT = new Distilled(0.7, 2, 9, null);

    @TempDir
    static Path directory;

    @BeforeAll
    static void model() throws IOException {
        SmallRun.model(directory.resolve("model"));
        SmallRun.teacher(directory.resolve("teacher"));
    }

    private static LoraConfig lora(LoraRules rules) {
        return new LoraConfig(2, 4, 0, EnumSet.of(ProjectionName.Q, ProjectionName.DOWN), false, rules);
    }

    private static TrainSettings settings(LoraConfig lora) {
        return SmallRun.settings(lora, 1e-2, 1, 0).withSteps(STEPS);
    }

    static Stream<Arguments> methods() {
        LoraConfig plain = lora(LoraRules.NONE);
        Set<String> ends = Set.copyOf(Modules.ENDS);
        TrainSettings pairs = settings(plain);
        return Stream.of(Arguments.of("dora", settings(lora(LoraRules.NONE.withForm(LoraForm.PLAIN.withDora(true))))),
                Arguments.of("lora+ and wsd",
                        settings(plain).withOptimizer(settings(plain).optimizer().withLoraPlusRatio(16))
                                .withSchedule(Schedule.Shape.of(Schedule.Kind.WSD).withMinRatio(0.1), 1)),
                Arguments.of("ends", settings(lora(LoraRules.NONE.withEnds(ends)))),
                Arguments.of("whole modules", settings(lora(LoraRules.NONE.withForm(LoraForm.PLAIN.withSaved(ends))))),
                Arguments.of("patterns",
                        settings(lora(LoraRules.NONE.withRanks(Map.of("q_proj", 3)).withLayers(Set.of(1))))),
                Arguments.of("distilled", settings(plain).withObjective(TAUGHT)),
                Arguments.of("distilled as a whole", settings(null).withObjective(TAUGHT)),
                Arguments.of("neftune", settings(plain).withNeftune(5)),
                Arguments.of("dpo", pairs.withObjective(new Preferred(new Dpo(0.1)))),
                Arguments.of("orpo", pairs.withObjective(new Preferred(new Orpo(0.1)))),
                Arguments.of("simpo", pairs.withObjective(new Preferred(new SimPo(2, 0.5)))),
                Arguments.of("kto", pairs.withObjective(new Preferred(new Kto(0.1)))));
    }

    /// Pairs that can be learned: the tokens of chosen answers are low.
    private static Sequences pairs() {
        Random random = new Random(4);
        List<Document> pairs = new ArrayList<>();
        for (int pair = 0; pair < 16; pair++) {
            // A long prompt with another's answer is longer than a sequence.
            int[] prompt = random.ints(3 + random.nextInt(24), 3, 90).toArray();
            pairs.add(answered(prompt, random.ints(4, 3, 10).toArray()));
            pairs.add(answered(prompt, random.ints(6, 60, 90).toArray()));
        }
        return new PairDataset(pairs, 32);
    }

    private static Document answered(int[] prompt, int[] answer) {
        int[] ids = Stream.of(prompt, answer).flatMapToInt(Arrays::stream).toArray();
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, prompt.length, Document.IGNORED);
        return new Document("pair", ids, labels, false);
    }

    private interface Use<T> {
        T of(TrainingRun run) throws IOException;
    }

    private static <T> T with(TrainSettings settings, int threads, Path out, Use<T> use) throws IOException {
        Device device = Devices.byName("cpu").with(new Options(threads));
        Sequences data = settings.objective().isOfPairs() ? pairs() : SmallRun.data();
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                TrainingRun run = TrainingRun.of(device, settings, base, data, data, out)) {
            if (settings.objective() instanceof Distilled asked) {
                // One run asks the teacher in every step, the other reads what it said.
                Path stored = threads == 1 ? null : directory.resolve("said");
                run.taughtBy(Teaching.open(new TrainRequest.TeacherSource(directory.resolve("teacher"), stored), asked,
                        base.config, null, settings.tokens()));
            }
            return use.of(run);
        }
    }

    private static TrainingRun.Report train(TrainSettings settings, int threads, Path out, boolean resume,
            int stopAfter) throws IOException {
        return with(settings, threads, out, run -> run.run(resume, report -> {
            if (report.step() + 1 == stopAfter) {
                run.stop();
            }
        }));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void sameBytes(String method, TrainSettings settings) throws IOException {
        Path first = directory.resolve(method).resolve("first");
        Path second = directory.resolve(method).resolve("second");
        Files.createDirectories(directory.resolve(method));
        train(settings, 1, first, false, 0);
        train(settings, 2, second, false, 2);
        train(settings, 2, second, true, 0);
        Map<String, String> expected = SmallRun.results(first);
        List<String> files = settings.lora() == null
                ? List.of("model.safetensors", "config.json")
                : List.of("adapter_model.safetensors", "adapter_config.json");
        for (String file : files) {
            assertTrue(expected.containsKey(file), expected.keySet().toString());
            assertEquals(expected.get(file), SmallRun.results(second).get(file));
        }
        boolean ofPairs = settings.objective().isOfPairs();
        String seen = with(settings, 2, second, run -> ReplayJson.of(StepReplay.of(run, method, 3, 20, _ -> {})))
                .toString();
        assertTrue(seen.contains("equal, bit for bit") && !seen.contains("NaN"), seen);
        // The step's loss is no sum over answers.
        assertEquals(ofPairs, !seen.contains("\"share\":"));
    }

    @Test
    void heldOutMarginRises() throws IOException {
        TrainSettings settings = settings(lora(LoraRules.NONE)).withObjective(new Preferred(new Dpo(0.1)))
                .withSteps(12)
                .withEvalEvery(Interval.steps(6));
        TrainingRun.Report report = train(settings, 2, directory.resolve("margin"), false, 0);
        String log = Files.readString(directory.resolve("margin/train.jsonl"));
        JsonNode halfway = JsonMapper.shared().readTree(log.lines().toList().get(5));
        double before = halfway.get("evalRewardMargin").asDouble();
        assertTrue(before > 0 && report.measures().get("evalRewardMargin") > before, report.toString());
        assertEquals(1, report.measures().get("evalRewardAccuracy"));
        for (String name : List.of("rewardChosen", "rewardRejected", "rewardMargin", "rewardAccuracy",
                "evalRewardMargin")) {
            assertTrue(log.contains("\"" + name + "\""), name);
        }
    }
}
