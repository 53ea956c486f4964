package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// The tokens of a run whose last hidden state is wanted: where the scores of one token are all that is asked for, as
/// of a prompt, the last block computes keys and values of all tokens, and everything else of that one.
///
/// @param pickOrNull which of the run's tokens, I32 `[wanted]`; null for all
/// @param at         where they stand
public record Rows(Leaf pickOrNull, Sequence at) {
    public static Rows all(Sequence at) {
        return new Rows(null, at);
    }

    /// The usual leaves: inputs named `pick` and `pick.position`, `pick.first` and `pick.last`.
    public static Rows some(int wanted, Sequence all) {
        return new Rows(Leaf.input("pick", DType.I32, wanted),
                new Sequence(Leaf.input("pick.position", DType.I32, wanted),
                        Leaf.input("pick.first", DType.I32, wanted), Leaf.input("pick.last", DType.I32, wanted),
                        all.rope(), 0));
    }

    /// Of `[tokens, dim]` the wanted ones, `[wanted, dim]`.
    Value of(Graph g, Value x) {
        return pickOrNull == null ? x : g.embedding(x, pickOrNull);
    }
}
