package llams.trainer.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// 8-bit moments and stochastically rounded weights are those of the reference, code by code and bit by bit. The files
/// are those of the project, or those given by `-Dllams.golden2=DIR`.
class GoldenOptimizerTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PARTS = Golden.json(DIRECTORY.resolve("manifest.json")).path("parts");

    private static double tolerance(String part, String what) {
        return Golden.partOrSkip(Golden.partOrSkip(PARTS, part).path("tolerance"), what).asDouble();
    }

    private static Checkpoint open(String part, String file) throws IOException {
        Golden.partOrSkip(PARTS, part);
        return Checkpoint.open(DIRECTORY.resolve(part).resolve(file + ".safetensors"));
    }

    private static Optimizer optimizer(String part) {
        JsonNode hyper = PARTS.path(part).path("values").path("hyper");
        return new Optimizer(hyper.get("beta1").asDouble(), hyper.get("beta2").asDouble(), hyper.get("eps").asDouble(),
                hyper.get("weight_decay").asDouble(), 0);
    }

    /// Those of the processor.
    static Stream<Device> devices() {
        return Golden.devices().filter(device -> List.of("cpu", "scalar").contains(device.name()));
    }

    /// What is done after each step.
    @FunctionalInterface
    private interface Check {
        void after(int step, Session session);
    }

    /// Makes the steps of a part with one parameter.
    private static void steps(Device device, Optimizer optimizer, String part, Tensor start, String name,
            float[] gradients, int seed, Check check) {
        Leaf parameter = Leaf.state(name, start.dtype(), start.shape().dims());
        List<Leaf> all = new ArrayList<>(optimizer.state(List.of(parameter)));
        all.add(Optimizer.gradient(parameter));
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = new LinkedHashMap<>();
            all.forEach(leaf -> resident.put(leaf.name(), Tensor.allocate(arena, leaf.dtype(), leaf.shape())));
            resident.get(name).data().copyFrom(start.data());
            JsonNode rates = PARTS.path(part).path("values").path("lr");
            int n = Math.toIntExact(start.elements());
            try (Session session = device.open(resident)) {
                Executable update = session.compile(optimizer.update(List.of(parameter), seed));
                for (int step = 0; step < rates.size(); step++) {
                    Tensor gradient = resident.get(Optimizer.gradient(parameter).name());
                    for (int i = 0; i < n; i++) {
                        gradient.setFloat(i, gradients[step * n + i]);
                    }
                    optimizer.fill(update, rates.get(step).asDouble(), step);
                    update.run();
                    check.after(step, session);
                }
            }
        }
    }

    @Test
    void tables() throws IOException {
        try (Checkpoint golden = open("adam8", "tables")) {
            double allowed = tolerance("adam8", "tables_rel");
            for (boolean isSigned : new boolean[] {true, false}) {
                float[] want = Golden.floats(golden, isSigned ? "signed" : "unsigned");
                float[] got = (isSigned ? DynamicMap.SIGNED : DynamicMap.UNSIGNED).values();
                for (int i = 0; i < 256; i++) {
                    assertEquals(want[i], got[i], allowed * Math.abs(want[i]), "value " + i);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void eightBitMoments(Device device) throws IOException {
        Optimizer optimizer = optimizer("adam8").withEightBit(true);
        double paramAbs = tolerance("adam8", "param_abs");
        double scalesRel = tolerance("adam8", "scales_rel");
        try (Checkpoint inputs = open("adam8", "inputs"); Checkpoint golden = open("adam8", "expected")) {
            for (String input : inputs.names()) {
                if (!input.endsWith(".param")) {
                    continue;
                }
                String size = input.replace(".param", "");
                float[] params = Golden.floats(golden, input);
                byte[][] codes = {golden.tensor(size + ".m_codes").data().toArray(ValueLayout.JAVA_BYTE),
                        golden.tensor(size + ".v_codes").data().toArray(ValueLayout.JAVA_BYTE)};
                float[][] scales = {Golden.floats(golden, size + ".m_scales"),
                        Golden.floats(golden, size + ".v_scales")};
                Leaf parameter = Leaf.state(input, DType.F32, inputs.shape(input).dims());
                List<Leaf> moments = optimizer.moments(parameter);
                int n = (int) parameter.shape().elements();
                steps(device, optimizer, "adam8", inputs.tensor(input), input, Golden.floats(inputs, size + ".grads"),
                        0, (step, session) -> {
                            String what = size + " after step " + step;
                            double difference = Golden.maxDifference(
                                    Arrays.copyOfRange(params, step * n, (step + 1) * n),
                                    session.read(input).toFloats());
                            assertTrue(difference <= paramAbs, what + " differs by " + difference);
                            for (int i = 0; i < 2; i++) {
                                assertArrayEquals(Arrays.copyOfRange(codes[i], step * n, (step + 1) * n),
                                        session.read(moments.get(i).name()).data().toArray(ValueLayout.JAVA_BYTE),
                                        what);
                                float[] got = session.read(moments.get(2 + i).name()).toFloats();
                                for (int block = 0; block < got.length; block++) {
                                    float want = scales[i][step * got.length + block];
                                    assertEquals(want, got[block], scalesRel * want, what);
                                }
                            }
                        });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void stochasticallyRoundedWeights(Device device) throws IOException {
        JsonNode values = Golden.partOrSkip(PARTS, "adam-bf16sr").path("values");
        Optimizer optimizer = optimizer("adam-bf16sr").withWeights(DType.BF16);
        String name = values.get("name").asString();
        try (Checkpoint inputs = open("adam-bf16sr", "inputs"); Checkpoint golden = open("adam-bf16sr", "expected")) {
            Tensor start = inputs.tensor("param");
            Leaf parameter = Leaf.state(name, DType.BF16, start.shape().dims());
            long bytes = start.data().byteSize();
            Tensor expected = golden.tensor("param");
            int last = values.path("lr").size() - 1;
            float[] m = Golden.floats(golden, "m");
            float[] v = Golden.floats(golden, "v");
            steps(device, optimizer, "adam-bf16sr", start, name, Golden.floats(inputs, "grads"),
                    values.get("seed").asInt(), (step, session) -> {
                        assertEquals(-1,
                                expected.data().asSlice(step * bytes, bytes).mismatch(session.read(name).data()),
                                "weights after step " + step);
                        if (step == last) {
                            assertArrayEquals(m, session.read(Optimizer.firstMoment(parameter).name()).toFloats());
                            assertArrayEquals(v, session.read(Optimizer.secondMoment(parameter).name()).toFloats());
                        }
                    });
        }
    }

    @Test
    void randomBits() {
        JsonNode values = Golden.partOrSkip(PARTS, "adam-bf16sr").path("values");
        CounterRandom random = CounterRandom.named(values.get("seed").asLong(), values.get("name").asString());
        assertEquals(Long.parseUnsignedLong(values.get("stream_hex").asString(), 16), random.stream());
        JsonNode first = values.get("first_bits_of_step_1_hex");
        for (int i = 0; i < first.size(); i++) {
            assertEquals(Long.parseUnsignedLong(first.get(i).asString(), 16), random.bits((1L << 32) + i));
        }
    }
}
