package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// The tokens of a run whose last hidden state is wanted. A prompt needs the scores of its last token only: the last
/// block then computes keys and values of all tokens, and everything else of that one.
///
/// @param pickOrNull which of the run's tokens, I32 `[wanted]`; null for all
/// @param at         where they stand
public record Wanted(Leaf pickOrNull, Sequence at) {
    public static Wanted all(Sequence at) {
        return new Wanted(null, at);
    }

    /// The usual leaves: inputs named `pick` and `pick.position`, `pick.first` and `pick.last`.
    public static Wanted some(int wanted, Sequence all) {
        return new Wanted(Leaf.input("pick", DType.I32, wanted),
                new Sequence(Leaf.input("pick.position", DType.I32, wanted),
                        Leaf.input("pick.first", DType.I32, wanted), Leaf.input("pick.last", DType.I32, wanted),
                        all.rope(), 0));
    }

    /// The wanted rows of `[tokens, dim]`: `[wanted, dim]`.
    Value of(Graph g, Value x) {
        return pickOrNull == null ? x : g.embedding(x, pickOrNull);
    }
}
