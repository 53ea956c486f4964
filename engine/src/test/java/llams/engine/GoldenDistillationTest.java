package llams.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.Node;
import llams.engine.graph.Result;
import llams.engine.graph.TopTokens;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Learning from a teacher's probabilities has PyTorch's losses and gradients, with all ids and with the likeliest few.
class GoldenDistillationTest {
    private static final Path FILE = Golden.ROOT
            .resolve("engine/src/test/resources/llams/engine/distillation/distillation.safetensors");

    static Stream<Arguments> cases() {
        return Stream.of("all", "top")
                .flatMap(name -> Stream.of("cpu", "scalar").map(device -> Arguments.of(name, Devices.byName(device))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossesAndGradients(String name, Device device) throws IOException {
        try (Checkpoint golden = Checkpoint.open(FILE)) {
            double[] parameters = doubles(golden.tensor(name + ".parameters"));
            int count = (int) parameters[2];
            Map<String, Tensor> resident = new LinkedHashMap<>();
            for (String tensor : List.of("x", "weight", "teacher_x", "teacher_weight")) {
                resident.put(tensor, golden.tensor(tensor));
            }
            Tensor labelled = golden.tensor("labels");
            int tokens = labelled.dim(0);
            int counted = 0;
            for (int t = 0; t < tokens; t++) {
                counted += labelled.getInt(t) >= 0 ? 1 : 0;
            }
            Graph g = new Graph();
            Leaf labels = Leaf.input("labels", DType.I32, tokens);
            Leaf scale = Leaf.input("scale", DType.F32, 1);
            Leaf x = leaf(resident, "x");
            Leaf weight = leaf(resident, "weight");
            List<Result> said = g.recordNode(new TopTokens(count, parameters[1]), leaf(resident, "teacher_x"),
                    leaf(resident, "teacher_weight"), labels).results;
            Node loss = g.recordNode(new LinearDistillation(parameters[0], parameters[1]), x, weight, labels, scale,
                    said.get(TopTokens.IDS), said.get(TopTokens.LOGP));
            Map<String, Value> outputs = new LinkedHashMap<>();
            outputs.put("loss", loss.results.get(LinearDistillation.LOSS));
            outputs.put("crossEntropy", loss.results.get(LinearDistillation.CROSS_ENTROPY));
            outputs.put("divergence", loss.results.get(LinearDistillation.DIVERGENCE));
            outputs.put("logp", said.get(TopTokens.LOGP));
            Autodiff.gradients(g, loss.results.getFirst(), List.of(x, weight), false)
                    .forEach((leaf, gradient) -> outputs.put("d" + leaf.name(), gradient));
            try (Session session = device.open(resident)) {
                Executable run = session.compile(Program.of(g, outputs));
                run.input("labels").data().copyFrom(labelled.data());
                run.input("scale").setFloat(0, 1f / counted);
                run.run();
                double[] losses = doubles(golden.tensor(name + ".losses"));
                assertEquals(losses[0], run.output("loss").getFloat(0), 2e-6);
                assertEquals(losses[1], sum(run.output("crossEntropy")) / counted, 2e-6);
                assertEquals(losses[2], sum(run.output("divergence")) / counted, 2e-6);
                for (String gradient : List.of("dx", "dweight")) {
                    assertArrayEquals(golden.tensor(name + "." + gradient).toFloats(), run.output(gradient).toFloats(),
                            2e-6f, gradient);
                }
                float[] logp = golden.tensor(name + ".logp").toFloats();
                for (int i = 0; i < logp.length; i++) {
                    float wanted = labelled.getInt(i / count) >= 0 ? logp[i] : 0;
                    assertEquals(wanted, run.output("logp").getFloat(i), 4e-6f * Math.max(1, Math.abs(wanted)));
                }
            }
        }
    }

    private static Leaf leaf(Map<String, Tensor> resident, String name) {
        return Leaf.weight(name, DType.F32, resident.get(name).shape().dims());
    }

    private static double[] doubles(Tensor tensor) {
        double[] values = new double[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.data().get(Tensor.F64, 8L * i);
        }
        return values;
    }

    private static double sum(Tensor tensor) {
        double sum = 0;
        for (float value : tensor.toFloats()) {
            sum += value;
        }
        return sum;
    }
}
