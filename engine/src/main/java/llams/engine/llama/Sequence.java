package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// Where the tokens of a run stand, all I32 `[tokens]`.
///
/// @param position  place in its own document, which sets the rotary angle
/// @param first     the first row of keys that a token sees: its document's start
/// @param last      the last one: itself
/// @param rope      the table of [RopeTable], `[positions, headDim]`
/// @param rowLength tokens of one packed sequence that no document crosses, the last may have fewer; 0 if unknown
public record Sequence(Leaf position, Leaf first, Leaf last, Leaf rope, long rowLength) {
    /// The usual leaves, which [#fill] fills.
    ///
    /// @param positions rows of the rotary table
    public static Sequence of(LlamaConfig config, int tokens, int positions, long rowLength) {
        return new Sequence(input("position", tokens), input("first", tokens), input("last", tokens),
                RopeTable.leaf(config, positions), rowLength);
    }

    /// The ids of the tokens, `[tokens]`, which [#fill] fills too.
    public static Leaf ids(int tokens) {
        return input("ids", tokens);
    }

    /// Fills the inputs of a run of packed documents; all arrays are `[tokens]`.
    public static void fill(Inputs program, int[] ids, int[] position, int[] first, int[] last) {
        fill(program, ids, position, last);
        program.set(input("first", ids.length), first);
    }

    /// Fills the inputs of a run that continues one document of `from` tokens: each token sees all before it. `first`
    /// is left as it is, 0.
    public static void fill(Inputs program, int[] ids, int from) {
        int[] position = new int[ids.length];
        for (int t = 0; t < ids.length; t++) {
            position[t] = from + t;
        }
        fill(program, ids, position, position);
    }

    private static void fill(Inputs program, int[] ids, int[] position, int[] last) {
        program.set(ids(ids.length), ids);
        program.set(input("position", ids.length), position);
        program.set(input("last", ids.length), last);
    }

    static Leaf input(String name, int tokens) {
        return Leaf.input(name, DType.I32, tokens);
    }

    /// Turns queries or keys of these tokens, `[tokens, heads * headDim]`, by their positions.
    Value rotate(Graph g, Value x, int headDim) {
        return g.rope(x, rope, position, headDim);
    }
}
