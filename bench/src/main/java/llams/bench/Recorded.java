package llams.bench;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.trainer.measure.RandomFill;

/// A few operations with the numbers they work on: recorded once, run by any device. All leaves are resident, so that a
/// run is nothing but the kernels.
final class Recorded {
    final Graph graph = new Graph();
    final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Tensor> states = new LinkedHashMap<>();
    private final Arena arena;

    Recorded(Arena arena) {
        this.arena = arena;
    }

    /// A leaf with random contents between -1 and 1.
    Leaf random(String name, DType dtype, long... dims) {
        return fill(Leaf.weight(name, dtype, dims), -1, 1);
    }

    /// The same for memory that operations change.
    Leaf state(String name, double low, double high, long... dims) {
        Leaf leaf = fill(Leaf.state(name, DType.F32, dims), low, high);
        states.put(name, tensors.get(name));
        return leaf;
    }

    private Leaf fill(Leaf leaf, double low, double high) {
        Tensor tensor = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
        CounterRandom random = CounterRandom.named(1, leaf.name());
        RandomFill.fill(tensor, i -> (float) (low + (high - low) * random.uniform(i)));
        tensors.put(leaf.name(), tensor);
        return leaf;
    }

    /// A leaf of whole numbers.
    Leaf ints(String name, int... values) {
        Leaf leaf = Leaf.weight(name, DType.I32, values.length);
        tensors.put(name, Tensor.of(arena, leaf.shape(), values));
        return leaf;
    }

    Leaf floats(String name, float... values) {
        Leaf leaf = Leaf.weight(name, DType.F32, values.length);
        tensors.put(name, Tensor.of(arena, leaf.shape(), values));
        return leaf;
    }

    /// A leaf with the contents of a tensor.
    Leaf of(String name, Tensor tensor) {
        tensors.put(name, tensor);
        return Leaf.weight(name, tensor.dtype(), tensor.shape().dims());
    }

    void output(String name, Value value) {
        outputs.put(name, value);
    }

    Running on(Device device) {
        return on(device, tensors);
    }

    private Running on(Device device, Map<String, Tensor> resident) {
        Session session = device.open(resident);
        return new Running(session, session.compile(Program.of(graph, outputs)));
    }

    /// Ready to be run.
    record Running(Session session, Executable program) implements AutoCloseable {
        void run() {
            program.run();
        }

        Tensor output(String name) {
            return program.output(name);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /// Runs once here and once on the device of plain loops, from the same state, and compares all that was made.
    ///
    /// @throws IllegalStateException if they differ; says where
    void check(Running running, Device scalar, double tolerance) {
        Map<String, Tensor> copies = new LinkedHashMap<>(tensors);
        states.forEach((name, tensor) -> {
            Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
            copy.data().copyFrom(tensor.data());
            copies.put(name, copy);
        });
        running.run();
        try (Running plain = on(scalar, copies)) {
            plain.run();
            outputs.keySet().forEach(name -> Close.check(name, running.output(name), plain.output(name), tolerance));
            states.keySet().forEach(name -> Close.check(name, tensors.get(name), copies.get(name), tolerance));
        }
    }
}
