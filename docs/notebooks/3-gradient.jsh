//DEPS io.github.llams:llams-engine:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS --add-modules jdk.incubator.vector
import module java.base;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// # 3. A gradient, checked by differences
///
/// Training needs the gradient: how the loss changes when a weight does. The engine derives it from the recorded graph.
/// This lesson checks it in the oldest way there is: change one weight a little, and look.
///
/// ## A small network and its loss
///
/// Six vectors of 4 numbers, a gated layer, and 5 classes. The loss is the mean of `-log p(right class)`.

Leaf x = Leaf.weight("x", DType.F32, 6, 4);
Leaf labels = Leaf.input("labels", DType.I32, 6);
Leaf scale = Leaf.input("scale", DType.F32, 1);
Leaf gate = Leaf.state("gate", DType.F32, 8, 4);
Leaf up = Leaf.state("up", DType.F32, 8, 4);
Leaf head = Leaf.state("head", DType.F32, 5, 8);

Graph g = new Graph();
Value hidden = g.swiGlu(g.linear(x, gate), g.linear(x, up));
Value loss = g.linearCrossEntropy(hidden, head, labels, scale).get(LinearCrossEntropy.LOSS);
IO.println("hidden " + hidden.shape() + ", loss " + loss.shape());

/// ## The gradient is more of the same graph
///
/// `Autodiff.gradients` walks the recording backwards and records, for each operation, the one that carries the gradient
/// to its inputs. The result is an ordinary program with one more output for each weight.

int forward = g.nodes.size();
Map<String, Value> outputs = new LinkedHashMap<>(Map.of("loss", loss));
Map<Leaf, Value> gradients = Autodiff.gradients(g, loss, List.of(gate, up, head), false);
gradients.forEach((leaf, gradient) -> outputs.put(leaf.name(), gradient));
IO.println(forward + " operations forward, " + (g.nodes.size() - forward) + " backward");
outputs.forEach((name, value) -> IO.println("%-5s %s".formatted(name, value.shape())));

Arena arena = Arena.ofAuto();
Random random = new Random(2);
Map<String, Tensor> tensors = new LinkedHashMap<>();
for (Leaf leaf : List.of(x, gate, up, head)) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, leaf.shape());
    for (long i = 0; i < tensor.elements(); i++) {
        tensor.setFloat(i, (float) random.nextGaussian());
    }
    tensors.put(leaf.name(), tensor);
}
Session session = Devices.byName("cpu").open(tensors);
Executable program = session.compile(Program.of(g, outputs));
for (int i = 0; i < 6; i++) {
    program.input("labels").setInt(i, i % 5);
}
program.input("scale").setFloat(0, 1f / 6);

double lossNow() {
    program.run();
    return program.output("loss").getFloat(0);
}

IO.println("loss %.5f; guessing among 5 classes would give %.5f".formatted(lossNow(), Math.log(5)));

/// ## Change one weight, and look
///
/// The slope at `w` is about `(loss(w + h) - loss(w - h)) / 2h`. With a large `h` the curve bends in between; with a small
/// one the difference of two losses drowns in the rounding of F32. Somewhere between lies the best that can be seen:

float[] slopes = program.output("up").toFloats();
for (float h : new float[] {1f, 0.1f, 0.01f, 0.001f, 0.0001f}) {
    Tensor weights = tensors.get("up");
    float before = weights.getFloat(0);
    weights.setFloat(0, before + h);
    double above = lossNow();
    weights.setFloat(0, before - h);
    double below = lossNow();
    weights.setFloat(0, before);
    double difference = (above - below) / (2 * h);
    IO.println("h = %-7s difference %+.6f, gradient %+.6f".formatted(h, difference, slopes[0]));
}

/// ## All weights

double furthest(String name, float h) {
    lossNow();
    float[] gradient = program.output(name).toFloats();
    Tensor weights = tensors.get(name);
    double furthest = 0;
    for (int i = 0; i < gradient.length; i++) {
        float before = weights.getFloat(i);
        weights.setFloat(i, before + h);
        double above = lossNow();
        weights.setFloat(i, before - h);
        double below = lossNow();
        weights.setFloat(i, before);
        furthest = Math.max(furthest, Math.abs((above - below) / (2 * h) - gradient[i]));
    }
    return furthest;
}

for (String name : List.of("gate", "up", "head")) {
    IO.println("%-4s furthest apart %.1e".formatted(name, furthest(name, 0.01f)));
}

/// Then a step along the negative gradient must lower the loss:

double before = lossNow();
for (String name : List.of("gate", "up", "head")) {
    float[] gradient = program.output(name).toFloats();
    Tensor weights = tensors.get(name);
    for (int i = 0; i < gradient.length; i++) {
        weights.setFloat(i, weights.getFloat(i) - 0.1f * gradient[i]);
    }
}
IO.println("one step: loss %.5f, then %.5f".formatted(before, lossNow()));
session.close();

/// Try it: multiply `loss` by 3 with `g.scale(loss, 3)` before the gradients are derived. What happens to them?
