package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraModel;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Every usable device trains as PyTorch does: the losses, norms and rates of each step, and where the parameters end;
/// each batch whole, and split into micro-batches of one row.
class GoldenTrainingTest {
    static Stream<Arguments> runs() {
        List<Device> usable = Golden.devices().toList();
        return Golden.models()
                .flatMap(model -> usable.stream()
                        .flatMap(device -> Stream.of(false, true).map(split -> Arguments.of(model, device, split))));
    }

    static PackedSequence row(int[] ids, int[] label) {
        int[] position = new int[ids.length];
        Arrays.setAll(position, t -> t);
        return new PackedSequence(ids, position, new int[ids.length], label);
    }

    private static int[] shifted(int[] labels) {
        int[] shifted = Arrays.copyOfRange(labels, 1, labels.length + 1);
        shifted[labels.length - 1] = -100;
        return shifted;
    }

    /// The batches of the trajectories, each as micro-batches.
    private static List<List<MicroBatch>> batches(Golden.Model model, boolean split) throws IOException {
        try (Checkpoint file = Checkpoint.open(model.cases("train_batches.safetensors"))) {
            int perBatch = (int) file.shape("input_ids").dim(1);
            int[][] ids = Golden.rows(file.tensor("input_ids"));
            int[][] labels = Golden.rows(file.tensor("labels"));
            List<List<MicroBatch>> batches = new ArrayList<>();
            for (int b = 0; b < ids.length; b += perBatch) {
                List<PackedSequence> rows = new ArrayList<>();
                for (int r = b; r < b + perBatch; r++) {
                    rows.add(row(ids[r], shifted(labels[r])));
                }
                batches.add(split
                        ? rows.stream().map(one -> MicroBatch.of(List.of(one))).toList()
                        : List.of(MicroBatch.of(rows)));
            }
            return batches;
        }
    }

    static Optimizer optimizer(JsonNode hyper) {
        return new Optimizer(hyper.get("beta1").asDouble(), hyper.get("beta2").asDouble(), hyper.get("eps").asDouble(),
                hyper.get("weight_decay").asDouble(), hyper.get("max_grad_norm").asDouble());
    }

    /// Runs the steps of a trajectory file and compares each.
    ///
    /// @param tolerance of `loss_traj_abs` and `grad_norm_traj_abs`
    static void follow(Golden.Model model, JsonNode trajectory, ToDoubleFunction<String> tolerance, Trainer trainer,
            boolean split) throws IOException {
        JsonNode hyper = trajectory.get("hyper");
        Schedule schedule = new Schedule(Schedule.Kind.named(hyper.get("schedule").asString()),
                hyper.get("lr").asDouble(), hyper.get("warmup_steps").asInt(), hyper.get("total_steps").asInt());
        List<List<MicroBatch>> batches = batches(model, split);
        for (JsonNode expected : trajectory.get("steps")) {
            int step = expected.get("step").asInt();
            assertEquals(expected.get("lr").asDouble(), schedule.rate(step), 1e-12, "lr of step " + step);
            Trainer.Step made = trainer.step(batches.get(step % batches.size()), schedule.rate(step), step);
            assertEquals(expected.get("num_tokens").asInt(), made.countedTokens(), "tokens of step " + step);
            assertEquals(expected.get("loss").asDouble(), made.loss(), tolerance.applyAsDouble("loss_traj_abs"),
                    "loss of step " + step);
            assertEquals(expected.get("grad_norm").asDouble(), made.gradientNorm(),
                    tolerance.applyAsDouble("grad_norm_traj_abs"), "norm of step " + step);
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void loraTrajectory(Golden.Model model, Device device, boolean split) throws IOException {
        JsonNode trajectory = Golden.json(model.cases("lora_trajectory.json"));
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = LlamaWeights.open(model.dir("f32"))) {
            Adapter adapter = AdapterFiles.read(model.cases("lora_init"), weights, arena);
            Adapter expected = AdapterFiles.read(model.cases("lora_final"), weights, arena);
            LoraModel lora = LoraModel.of(weights.config, weights.frozen(), adapter, Leaf.Kind.STATE);
            try (Trainer trainer = new Trainer(device, lora.model(), lora.adapterLeaves(),
                    LoraModel.resident(weights.resident(), adapter), optimizer(trajectory.get("hyper")),
                    weights.config.maxPositions(), false, 0)) {
                follow(model, trajectory, what -> model.tolerance("lora_" + what), trainer, split);
                for (Leaf leaf : lora.adapterLeaves()) {
                    double difference = Golden.maxDifference(expected.tensors().get(leaf.name()).toFloats(),
                            trainer.read(leaf).toFloats());
                    assertTrue(difference <= model.tolerance("lora_final_abs"),
                            leaf.name() + " differs by " + difference);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void loraGradients(Golden.Model model, Device device, boolean split) throws IOException {
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Checkpoint expected = Checkpoint.open(model.cases("lora_grads.safetensors"));
                Checkpoint inputs = Checkpoint.open(model.cases("inputs.safetensors"))) {
            Adapter adapter = AdapterFiles.read(model.cases("lora_init"), weights, arena);
            LoraModel lora = LoraModel.of(weights.config, weights.frozen(), adapter, Leaf.Kind.STATE);
            int[][] ids = Golden.rows(inputs.tensor("input_ids"));
            int[][] labels = Golden.rows(inputs.tensor("shifted_labels"));
            List<PackedSequence> rows = new ArrayList<>();
            for (int r = 0; r < ids.length; r++) {
                rows.add(row(ids[r], labels[r]));
            }
            List<MicroBatch> batches = split
                    ? rows.stream().map(one -> MicroBatch.of(List.of(one))).toList()
                    : List.of(MicroBatch.of(rows));
            // With beta1 0, a first step leaves the gradient itself in the first moment.
            try (Trainer trainer = new Trainer(device, lora.model(), lora.adapterLeaves(),
                    LoraModel.resident(weights.resident(), adapter), new Optimizer(0, 0.9, 1e-8, 0, 0), ids[0].length,
                    split, 0)) {
                trainer.step(batches, 0, 0);
                for (Leaf leaf : lora.adapterLeaves()) {
                    float[] want = Golden.floats(expected, leaf.name());
                    double difference = Golden.maxDifference(want,
                            trainer.read(Optimizer.firstMoment(leaf)).toFloats());
                    double allowed = model.tolerance("lora_grads_rel_to_tensor_max") * Golden.maxAbs(want);
                    assertTrue(difference <= allowed,
                            leaf.name() + " differs by " + difference + ", more than " + allowed);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("runs")
    void fullTrajectory(Golden.Model model, Device device, boolean split) throws IOException {
        JsonNode trajectory = Golden.json(model.cases("full_trajectory.json"));
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = LlamaWeights.open(model.dir("f32"))) {
            List<Leaf> parameters = new ArrayList<>();
            Map<String, Tensor> resident = new LinkedHashMap<>();
            weights.resident().forEach((name, tensor) -> {
                Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
                copy.data().copyFrom(tensor.data());
                resident.put(name, copy);
            });
            Llama llama = Llama.of(weights.config, (name, dims) -> {
                Leaf leaf = Leaf.state(name, resident.get(name).dtype(), dims);
                parameters.add(leaf);
                return leaf;
            }, Llama.Wrap.NONE);
            try (Trainer trainer = new Trainer(device, llama, parameters, resident, optimizer(trajectory.get("hyper")),
                    weights.config.maxPositions(), false, 0)) {
                follow(model, trajectory, what -> model.tolerance("full_" + what), trainer, split);
                compareFinal(model, trajectory, parameters, trainer);
            }
        }
    }

    private static void compareFinal(Golden.Model model, JsonNode trajectory, List<Leaf> parameters, Trainer trainer)
            throws IOException {
        try (Checkpoint expected = Checkpoint.open(model.cases("full_final.safetensors"))) {
            List<Double> differences = new ArrayList<>();
            for (Leaf leaf : parameters) {
                float[] values = trainer.read(leaf).toFloats();
                double squares = 0;
                for (float value : values) {
                    squares += (double) value * value;
                }
                double norm = trajectory.get("final_l2").get(leaf.name()).asDouble();
                assertEquals(norm, Math.sqrt(squares), 1e-4 * norm, leaf.name());
                float[] want = Golden.floats(expected, leaf.name());
                float[] kept = Golden.sampled(values, expected);
                for (int i = 0; i < want.length; i++) {
                    differences.add((double) Math.abs(want[i] - kept[i]));
                }
            }
            differences.sort(null);
            double mean = differences.stream().mapToDouble(d -> d).sum() / differences.size();
            double most = differences.get(differences.size() * 999 / 1000);
            assertTrue(differences.getLast() <= model.tolerance("full_final_abs_max"),
                    "largest " + differences.getLast());
            assertTrue(most <= model.tolerance("full_final_abs_for_999_of_1000"), "999 of 1000 within " + most);
            assertTrue(mean <= model.tolerance("full_final_abs_mean"), "mean " + mean);
        }
    }
}
