package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// Where the tokens of a run stand, all I32 `[tokens]`.
///
/// @param position  place in its own document, which sets the rotary angle
/// @param first     the first row of keys that a token sees: its document's start
/// @param last      the last one: itself
/// @param rope      the table of [RopeTable], `[positions, headDim]`
/// @param rowLength tokens of one packed sequence that no document crosses; 0 if unknown
public record Sequence(Leaf position, Leaf first, Leaf last, Leaf rope, long rowLength) {
    /// The usual leaves: inputs named `position`, `first` and `last`.
    ///
    /// @param positions rows of the rotary table
    public static Sequence of(LlamaConfig config, int tokens, int positions, long rowLength) {
        return new Sequence(Leaf.input("position", DType.I32, tokens), Leaf.input("first", DType.I32, tokens),
                Leaf.input("last", DType.I32, tokens), RopeTable.leaf(config, positions), rowLength);
    }

    /// Turns queries or keys of these tokens, `[tokens, heads * headDim]`, by their positions.
    Value rotate(Graph g, Value x, int headDim) {
        return g.rope(x, rope, position, headDim);
    }
}
