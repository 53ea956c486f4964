//DEPS io.github.llams:llams-engine:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS --add-modules jdk.incubator.vector
import module java.base;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.RopeTable;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// # 2. One block of Llama 3, by hand
///
/// A Llama model is a stack of blocks that are all alike. This lesson records one, prints the shape of every value, runs
/// it, and computes parts of it again with plain loops.
///
/// Four tokens, vectors of 8 numbers, two heads of queries that share one head of keys and values:

int tokens = 4, dim = 8, heads = 2, kvHeads = 1, headDim = 4, hidden = 16;
LlamaConfig config = LlamaConfig.standard(dim, hidden, 1, heads, kvHeads, 32);

/// ## The weights
///
/// A `Leaf` is a named value that comes from outside. `linear(x, w)` is `x wᵀ`, so that a weight has the shape
/// `[outputs, inputs]`, as in every checkpoint.

Leaf x = Leaf.weight("x", DType.F32, tokens, dim);
Leaf norm = Leaf.weight("norm", DType.F32, dim);
Leaf wq = Leaf.weight("wq", DType.F32, heads * headDim, dim);
Leaf wk = Leaf.weight("wk", DType.F32, kvHeads * headDim, dim);
Leaf wv = Leaf.weight("wv", DType.F32, kvHeads * headDim, dim);
Leaf wo = Leaf.weight("wo", DType.F32, dim, heads * headDim);
Leaf wGate = Leaf.weight("wGate", DType.F32, hidden, dim);
Leaf wUp = Leaf.weight("wUp", DType.F32, hidden, dim);
Leaf wDown = Leaf.weight("wDown", DType.F32, dim, hidden);
Leaf rope = RopeTable.leaf(config, tokens);
Leaf position = Leaf.input("position", DType.I32, tokens);
Leaf first = Leaf.input("first", DType.I32, tokens);

/// ## Attention
///
/// Each token asks (query), offers (key) and gives (value). Queries and keys are turned by their position, so that their
/// product depends on the distance between two tokens. `position` also says what a token may see: everything from
/// `first` up to itself.

Graph g = new Graph();
Value normed = g.rmsNorm(x, norm, 1e-5f);
Value q = g.rope(g.linear(normed, wq), rope, position, headDim);
Value k = g.rope(g.linear(normed, wk), rope, position, headDim);
Value v = g.linear(normed, wv);
Value mixed = g.attention(q, k, v, first, position, headDim, 0);
Value afterAttention = g.add(x, g.linear(mixed, wo));

/// ## Feed-forward
///
/// Two projections to a wider space, one of them a gate, and one back. Both halves of the block add to what was there
/// before: the residual stream.

Value normedAgain = g.rmsNorm(afterAttention, norm, 1e-5f);
Value gated = g.swiGlu(g.linear(normedAgain, wGate), g.linear(normedAgain, wUp));
Value out = g.add(afterAttention, g.linear(gated, wDown));

Map<String, Value> outputs = new LinkedHashMap<>();
outputs.put("normed", normed);
outputs.put("q", q);
outputs.put("k", k);
outputs.put("v", v);
outputs.put("mixed", mixed);
outputs.put("afterAttention", afterAttention);
outputs.put("gated", gated);
outputs.put("out", out);
outputs.forEach((name, value) -> IO.println("%-15s %s".formatted(name, value.shape())));

/// ## Run it
///
/// Nothing has been computed so far: the graph is a recording. `Program.of` puts it in order and gives every value its
/// place in memory; a session of a device runs it.

Arena arena = Arena.ofAuto();
Random random = new Random(1);
Map<String, Tensor> tensors = new LinkedHashMap<>();
tensors.put(rope.name(), RopeTable.create(arena, config, tokens));
for (Leaf leaf : List.of(x, norm, wq, wk, wv, wo, wGate, wUp, wDown)) {
    Tensor tensor = Tensor.allocate(arena, DType.F32, leaf.shape());
    for (long i = 0; i < tensor.elements(); i++) {
        tensor.setFloat(i, leaf == norm ? 1 : (float) random.nextGaussian(0, 0.5));
    }
    tensors.put(leaf.name(), tensor);
}
Session session = Devices.byName("cpu").open(tensors);
Executable program = session.compile(Program.of(g, outputs));
for (int t = 0; t < tokens; t++) {
    program.input("position").setInt(t, t);
    program.input("first").setInt(t, 0);
}
program.run();
float[] result = program.output("out").toFloats();
IO.println("out[3] = " + Arrays.toString(Arrays.copyOfRange(result, 3 * dim, 4 * dim)));

/// ## The same by hand
///
/// RMSNorm divides a vector by the root of the mean of its squares.

float[] input = tensors.get("x").toFloats();
double squares = 0;
for (int i = 0; i < dim; i++) {
    squares += input[i] * input[i];
}
double byHand = input[0] / Math.sqrt(squares / dim + 1e-5);
IO.println("normed[0, 0]: the program %.6f, by hand %.6f".formatted(program.output("normed").getFloat(0), byHand));

/// Attention of the last token, head 1: products of its query with every key, divided by the root of `headDim`, made
/// into weights that sum to 1 by softmax, and the mean of the values with these weights.

float[] queries = program.output("q").toFloats();
float[] keys = program.output("k").toFloats();
float[] values = program.output("v").toFloats();
int token = 3, head = 1;
double[] weight = new double[token + 1];
double sum = 0;
for (int s = 0; s <= token; s++) {
    double score = 0;
    for (int i = 0; i < headDim; i++) {
        score += queries[token * heads * headDim + head * headDim + i] * keys[s * kvHeads * headDim + i];
    }
    weight[s] = Math.exp(score / Math.sqrt(headDim));
    sum += weight[s];
}
double mean = 0;
for (int s = 0; s <= token; s++) {
    mean += weight[s] / sum * values[s * kvHeads * headDim];
    IO.println("token 3 looks at token %d with weight %.3f".formatted(s, weight[s] / sum));
}
float computed = program.output("mixed").getFloat(token * heads * headDim + head * headDim);
IO.println("mixed[3, 4]: the program %.6f, by hand %.6f".formatted(computed, mean));
session.close();

/// Try it: set `first` of tokens 2 and 3 to 2. They are then a document of their own and no longer see tokens 0 and 1,
/// which is how documents are packed into one sequence.
