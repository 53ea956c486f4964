package llams.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Builds one program, runs it on the device and on the scalar loops, and compares every output and every state.
final class OpCase implements AutoCloseable {
    final SplittableRandom random = new SplittableRandom(7);
    private final Arena arena = Arena.ofShared();
    final Graph g = new Graph();
    private final Map<String, Tensor> resident = new LinkedHashMap<>();
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final String what;

    OpCase(String what) {
        this.what = what;
    }

    private Tensor random(DType dtype, long... dims) {
        Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
        if (dtype == DType.Q8_0) {
            float[] values = new float[Q8Block.ELEMENTS];
            for (long block = 0; block < tensor.elements() / values.length; block++) {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextDouble(-1, 1);
                }
                Q8Block.encode(values, 0, tensor.data(), block * Q8Block.BYTES);
            }
            return tensor;
        }
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) random.nextDouble(-1, 1));
        }
        return tensor;
    }

    Leaf weight(DType dtype, long... dims) {
        Leaf leaf = Leaf.weight("w" + resident.size(), dtype, dims);
        resident.put(leaf.name(), random(dtype, dims));
        return leaf;
    }

    Leaf weight(long... dims) {
        return weight(DType.F32, dims);
    }

    Leaf state(long... dims) {
        Leaf leaf = Leaf.state("s" + resident.size(), DType.F32, dims);
        resident.put(leaf.name(), random(DType.F32, dims));
        return leaf;
    }

    /// A state without negative elements.
    Leaf positive(long... dims) {
        Leaf leaf = state(dims);
        Tensor tensor = resident.get(leaf.name());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, Math.abs(tensor.getFloat(i)));
        }
        return leaf;
    }

    Leaf ints(int... values) {
        Leaf leaf = Leaf.input("i" + inputs.size(), DType.I32, values.length);
        inputs.put(leaf.name(), Tensor.of(arena, leaf.shape(), values));
        return leaf;
    }

    Leaf floats(float... values) {
        Leaf leaf = Leaf.input("f" + inputs.size(), DType.F32, values.length);
        inputs.put(leaf.name(), Tensor.of(arena, leaf.shape(), values));
        return leaf;
    }

    Leaf randomInts(int count, int bound) {
        return ints(random.ints(count, 0, bound).toArray());
    }

    void output(Value... values) {
        for (Value value : values) {
            outputs.put("o" + outputs.size(), value);
        }
    }

    void check(Device device, double tolerance) {
        Map<String, float[]> expected = run(Devices.byName("scalar"));
        Map<String, float[]> actual = run(device);
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, want) -> close(name, want, actual.get(name), tolerance));
    }

    private Map<String, float[]> run(Device device) {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        resident.forEach((name, tensor) -> {
            Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
            copy.data().copyFrom(tensor.data());
            copies.put(name, copy);
        });
        Map<String, float[]> results = new LinkedHashMap<>();
        try (Session session = device.open(copies)) {
            Program plan = Program.of(g, outputs);
            Executable program = session.compile(plan);
            for (Leaf leaf : plan.leaves()) {
                if (inputs.containsKey(leaf.name())) {
                    program.input(leaf.name()).data().copyFrom(inputs.get(leaf.name()).data());
                }
            }
            program.run();
            outputs.keySet().forEach(name -> results.put(name, program.output(name).toFloats()));
            copies.keySet()
                    .stream()
                    .filter(name -> name.startsWith("s"))
                    .forEach(name -> results.put(name, session.read(name).toFloats()));
        }
        return results;
    }

    private void close(String name, float[] want, float[] got, double tolerance) {
        double allowed = tolerance * Math.max(1, Golden.maxAbs(finite(want)));
        assertEquals(want.length, got.length, what + " " + name);
        for (int i = 0; i < want.length; i++) {
            boolean same = Float.compare(want[i], got[i]) == 0;
            assertTrue(same || Math.abs((double) want[i] - got[i]) <= allowed,
                    what + " " + name + "[" + i + "] is " + got[i] + ", wanted " + want[i] + " within " + allowed);
        }
    }

    private static float[] finite(float[] values) {
        float[] finite = values.clone();
        for (int i = 0; i < finite.length; i++) {
            finite[i] = Float.isFinite(finite[i]) ? finite[i] : 0;
        }
        return finite;
    }

    @Override
    public void close() {
        arena.close();
    }
}
