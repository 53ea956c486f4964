package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// The tokens of a run whose last hidden state is wanted. A prompt needs the scores of its last token only: the last
/// block then computes keys and values of all tokens, and everything else of that one.
///
/// @param pickOrNull which of the run's tokens, I32 `[wanted]`; null for all
/// @param at         where they stand
public record Wanted(Leaf pickOrNull, Sequence at) {
    public static Wanted all(Sequence at) {
        return new Wanted(null, at);
    }

    /// One token, which [#fill] names.
    public static Wanted one(Sequence all) {
        return new Wanted(Sequence.input("pick", 1), new Sequence(Sequence.input("pick.position", 1),
                Sequence.input("pick.first", 1), Sequence.input("pick.last", 1), all.rope(), 0));
    }

    /// Fills the inputs of [#one]: the run's token `pick`, which stands at `position` and sees all before it.
    public static void fill(Inputs program, int pick, int position) {
        fill(program, pick, position, 0);
    }

    /// The same in a sequence that begins at the row `first`.
    public static void fill(Inputs program, int pick, int position, int first) {
        program.set(Sequence.input("pick", 1), pick);
        program.set(Sequence.input("pick.position", 1), position);
        program.set(Sequence.input("pick.first", 1), first);
        program.set(Sequence.input("pick.last", 1), first + position);
    }

    /// The wanted rows of `[tokens, dim]`: `[wanted, dim]`.
    Value of(Graph g, Value x) {
        return pickOrNull == null ? x : g.embedding(x, pickOrNull);
    }
}
