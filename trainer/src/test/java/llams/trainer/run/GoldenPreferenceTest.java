package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.preference.Answers;
import llams.engine.preference.Dpo;
import llams.engine.preference.Kto;
import llams.engine.preference.Orpo;
import llams.engine.preference.Preference;
import llams.engine.preference.SimPo;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.trainer.data.Document;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// DPO, ORPO, SimPO and KTO on an adapter: losses, rewards, gradients, ten steps and the adapter after them. The files are
/// those of the project, or those given by `-Dllams.golden2=DIR`.
class GoldenPreferenceTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PART = Golden.json(DIRECTORY.resolve("manifest.json")).path("parts").path("dpo");

    private record Kind(String name, Preference method) {
        double tolerance(String what) {
            return Golden.partOrSkip(PART.path("tolerance"), name + "." + what).asDouble();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Arguments> kinds() {
        List<Device> usable = Golden.devices().filter(device -> !device.name().equals("scalar")).toList();
        return Stream
                .of(new Kind("dpo", new Dpo(0.1)), new Kind("orpo", new Orpo(0.1)),
                        new Kind("simpo", new SimPo(2, 0.5)), new Kind("kto", new Kto(0.1)))
                .flatMap(kind -> usable.stream().map(device -> Arguments.of(kind, device)));
    }

    private static Path file(String name) {
        return DIRECTORY.resolve("dpo").resolve(name);
    }

    private static Golden.Model model() {
        Golden.Model found = Golden.models()
                .filter(model -> model.name().equals("tiny-llama3"))
                .findFirst()
                .orElse(null);
        Golden.orSkip(found != null && !PART.isMissingNode(), "this set of golden files has no preference tuning");
        return found;
    }

    /// Every pair of a file as a sequence of its own.
    private static List<PackedSequence> pairs(String name) throws IOException {
        try (Checkpoint file = Checkpoint.open(file(name))) {
            List<PackedSequence> chosen = documents(file, "chosen");
            List<PackedSequence> rejected = documents(file, "rejected");
            List<PackedSequence> pairs = new ArrayList<>();
            for (int i = 0; i < chosen.size(); i++) {
                pairs.add(PackedSequence.concat(List.of(chosen.get(i), rejected.get(i))));
            }
            return pairs;
        }
    }

    private static List<PackedSequence> documents(Checkpoint file, String side) throws IOException {
        Tensor ids = file.tensor(side + "_ids");
        Tensor mask = file.tensor(side + "_mask");
        Tensor lengths = file.tensor(side + "_length");
        int width = (int) ids.shape().dim(ids.shape().rank() - 1);
        List<PackedSequence> documents = new ArrayList<>();
        for (int row = 0; row < lengths.elements(); row++) {
            int length = integer(lengths, row);
            int[] own = new int[length];
            int[] label = new int[length];
            Arrays.fill(label, Document.IGNORED);
            for (int t = 0; t < length; t++) {
                own[t] = integer(ids, (long) row * width + t);
                if (t > 0 && integer(mask, (long) row * width + t) == 1) {
                    label[t - 1] = own[t];
                }
            }
            documents.add(GoldenTrainingTest.row(own, label));
        }
        return documents;
    }

    private static int integer(Tensor tensor, long index) {
        return (int) tensor.data().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, index);
    }

    private static Trainer trainer(Device device, Kind kind, Trainable trainable, Optimizer optimizer, int positions) {
        return new Trainer(device, new Preferred(kind.method), trainable.models(), trainable.trained(),
                trainable.summed(), trainable.resident(), optimizer, positions, false, 0, false);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void lossRewardsAndGradients(Kind kind, Device device) throws IOException {
        JsonNode expected = Golden.json(file(kind.name + ".json"));
        List<PackedSequence> pairs = pairs("inputs.safetensors");
        Golden.Model model = model();
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Checkpoint gradients = Checkpoint.open(file(kind.name + "_grads.safetensors"))) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(file("init"), weights, arena));
            // With beta1 0, a first step leaves the gradient itself in the first moment.
            try (Trainer trainer = trainer(device, kind, trainable, new Optimizer(0, 0.9, 1e-8, 0, 0), 32)) {
                Trainer.Step made = trainer.step(List.of(MicroBatch.of(pairs)), 0, 0);
                assertEquals(expected.get("loss").asDouble(), made.loss(), kind.tolerance("loss_abs"));
                compareRewards(kind, expected.get("inputs"), made.measures(), pairs.size());
                assertEquals(gradients.names().size(), trainable.trained().size());
                for (Leaf leaf : trainable.trained()) {
                    float[] want = Golden.floats(gradients, leaf.name());
                    double difference = Golden.maxDifference(want,
                            trainer.read(Optimizer.firstMoment(leaf)).toFloats());
                    double allowed = kind.tolerance("grads_rel_to_tensor_max") * Golden.maxAbs(want);
                    assertTrue(difference <= allowed, leaf.name() + " differs by " + difference);
                }
                // Held-out pairs are measured by the same loss.
                assertEquals(expected.get("loss").asDouble(),
                        trainer.evaluator(trainable.model()).measure(List.of(MicroBatch.of(pairs)), () -> false).loss(),
                        kind.tolerance("loss_abs"));
            }
        }
    }

    /// The rewards from each answer's log-probability.
    private static void compareRewards(Kind kind, JsonNode inputs, Map<String, Double> measures, int pairs) {
        double chosen = 0;
        double rejected = 0;
        if (!inputs.has("reference_chosen_logp")) {
            return;
        }
        for (int i = 0; i < pairs; i++) {
            chosen += 0.1 * (inputs.get("policy_chosen_logp").get(i).asDouble()
                    - inputs.get("reference_chosen_logp").get(i).asDouble()) / pairs;
            rejected += 0.1 * (inputs.get("policy_rejected_logp").get(i).asDouble()
                    - inputs.get("reference_rejected_logp").get(i).asDouble()) / pairs;
        }
        assertEquals(chosen, measures.get(Preferred.CHOSEN), kind.tolerance("logp_abs"));
        assertEquals(rejected, measures.get(Preferred.REJECTED), kind.tolerance("logp_abs"));
        assertEquals(chosen - rejected, measures.get(Preferred.MARGIN), kind.tolerance("logp_abs"));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void trajectory(Kind kind, Device device) throws IOException {
        JsonNode trajectory = Golden.json(file(kind.name + ".json"));
        JsonNode hyper = trajectory.get("hyper");
        Schedule schedule = new Schedule(Schedule.Kind.named(hyper.get("schedule").asString()),
                hyper.get("lr").asDouble(), hyper.get("warmup_steps").asInt(), hyper.get("total_steps").asInt());
        List<PackedSequence> pairs = pairs("train_batches.safetensors");
        Golden.Model model = model();
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = LlamaWeights.open(model.dir("f32"))) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(file("init"), weights, arena));
            Adapter expected = AdapterFiles.read(file(kind.name + "_final"), weights, arena);
            try (Trainer trainer = trainer(device, kind, trainable, GoldenTrainingTest.optimizer(hyper), 32)) {
                for (JsonNode step : trajectory.get("steps")) {
                    int number = step.get("step").asInt();
                    int batch = number % (pairs.size() / 2);
                    List<MicroBatch> batches = batches(pairs.subList(2 * batch, 2 * batch + 2), kind, number);
                    Trainer.Step made = trainer.step(batches, schedule.rate(number), number);
                    assertEquals(step.get("loss").asDouble(), made.loss(), kind.tolerance("loss_traj_abs"),
                            "loss of step " + number);
                    assertEquals(step.get("grad_norm").asDouble(), made.gradientNorm(),
                            kind.tolerance("grad_norm_traj_abs"), "norm of step " + number);
                }
                for (Leaf leaf : trainable.trained()) {
                    double difference = Golden.maxDifference(expected.tensors().get(leaf.name()).toFloats(),
                            trainer.read(leaf).toFloats());
                    assertTrue(difference <= kind.tolerance("final_abs"), leaf.name() + " differs by " + difference);
                }
            }
        }
    }

    /// Two pairs as one micro-batch, or in every other step as two where that is the same: KTO's KL is that of a
    /// micro-batch.
    private static List<MicroBatch> batches(List<PackedSequence> pairs, Kind kind, int step) {
        return step % 2 == 0 || kind.method.hasMismatched()
                ? List.of(MicroBatch.of(pairs))
                : pairs.stream().map(pair -> MicroBatch.of(List.of(pair))).toList();
    }

    @Test
    void formulas() {
        double tolerance = Golden.partOrSkip(PART.path("tolerance"), "formulas_rel").asDouble();
        JsonNode odds = Golden.json(file("formulas.json")).get("orpo");
        for (int i = 0; i < odds.get("odds_loss").size(); i++) {
            double[] logp = {odds.get("mean_chosen_logp").get(i).asDouble(),
                    odds.get("mean_rejected_logp").get(i).asDouble()};
            double want = odds.get("odds_loss").get(i).asDouble();
            double got = new Orpo(1).loss(new Answers(logp, null, new int[] {1, 1}, 1, 0), new double[2]);
            assertEquals(want, got, tolerance * want, "odds of " + Arrays.toString(logp));
        }
        JsonNode sigmoid = Golden.json(file("formulas.json")).get("dpo");
        for (int i = 0; i < sigmoid.get("loss").size(); i++) {
            double[] logp = {sigmoid.get("reward_difference").get(i).asDouble(), 0};
            double[] gradient = new double[2];
            double got = new Dpo(1).loss(new Answers(logp, new double[2], new int[] {1, 1}, 1, 1), gradient);
            assertEquals(sigmoid.get("loss").get(i).asDouble(), got, tolerance * Math.abs(got));
            assertEquals(sigmoid.get("gradient").get(i).asDouble(), gradient[0], tolerance * Math.abs(gradient[0]));
        }
    }
}
