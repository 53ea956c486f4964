package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// The output head: `[tokens, dim]` to scores `[tokens, vocab]`.
public sealed interface Head permits Linear, LoraLinear, TiedLora {
    Value forward(Graph g, Value x);

    /// Its weight as one, `[vocab, dim]`, for the loss, which multiplies by it a few tokens at a time.
    Value weight(Graph g);
}
