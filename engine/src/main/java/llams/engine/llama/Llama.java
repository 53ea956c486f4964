package llams.engine.llama;

import java.util.ArrayList;
import java.util.List;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Result;
import llams.engine.graph.Value;

/// A Llama 3 model (arXiv 2407.21783) as symbolic layers: embedding, decoder blocks, a final norm, the output head.
///
/// @param norm `[dim]`
/// @param head of the weight of the embedding where tied
public record Llama(LlamaConfig config, TokenTable embedding, List<Block> blocks, Leaf norm, Head head) {
    public static final String EMBEDDING = "model.embed_tokens.weight";
    public static final String NORM = "model.norm.weight";
    public static final String HEAD = "lm_head.weight";

    /// Puts an adapter around a projection, or leaves it as it is.
    @FunctionalInterface
    public interface Wrap {
        Wrap NONE = (layer, name, linear) -> linear;

        Projection apply(int layer, ProjectionName name, Linear linear);
    }

    /// The model with its leaves looked up by checkpoint name.
    public static Llama of(LlamaConfig config, Parameters parameters, Wrap wrap) {
        List<Block> blocks = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            blocks.add(block(config, parameters, wrap, layer));
        }
        Leaf embedding = parameters.leaf(EMBEDDING, config.vocab(), config.dim());
        Leaf norm = parameters.leaf(NORM, config.dim());
        Leaf head = config.tied() ? embedding : parameters.leaf(HEAD, config.vocab(), config.dim());
        return new Llama(config, new TokenTable.Plain(embedding), List.copyOf(blocks), norm, new Linear(head));
    }

    /// The same blocks between another table of tokens and another head.
    public Llama with(TokenTable tokens, Head scores) {
        return new Llama(config, tokens, blocks, norm, scores);
    }

    private static Block block(LlamaConfig config, Parameters parameters, Wrap wrap, int layer) {
        String prefix = "model.layers." + layer + ".";
        Projection[] p = new Projection[ProjectionName.values().length];
        for (ProjectionName name : ProjectionName.values()) {
            List<Long> shape = name.shape(config);
            Leaf weight = parameters.leaf(prefix + name.path + ".weight", shape.get(0), shape.get(1));
            p[name.ordinal()] = wrap.apply(layer, name, new Linear(weight));
        }
        return new Block(new SelfAttention(p[0], p[1], p[2], p[3], config.headDim(), layer),
                new FeedForward(p[4], p[5], p[6], layer),
                parameters.leaf(prefix + "input_layernorm.weight", config.dim()),
                parameters.leaf(prefix + "post_attention_layernorm.weight", config.dim()), config.normEps());
    }

    /// The last hidden state of every token, after the final norm: `ids` I32 `[tokens]` to `[tokens, dim]`.
    public Value forward(Graph g, Value ids, Sequence at, KvCache cacheOrNull) {
        return forward(g, ids, at, cacheOrNull, Wanted.all(at));
    }

    /// The same for the wanted tokens only: `[wanted, dim]`.
    public Value forward(Graph g, Value ids, Sequence at, KvCache cacheOrNull, Wanted wanted) {
        Value x = g.tap("embedding", embedding.forward(g, ids));
        for (Block block : blocks) {
            // Only the last block may leave tokens out: what the others give becomes keys and values.
            Pass pass = new Pass(at, block == blocks.getLast() ? wanted : Wanted.all(at), cacheOrNull);
            x = g.recomputable(x, in -> block.forward(g, in, pass));
            g.tap("layers." + block.attention().layer() + ".out", x);
        }
        return g.tap("hidden", g.rmsNorm(x, norm, config.normEps()));
    }

    /// `hidden` `[tokens, dim]` to scores `[tokens, vocab]`.
    public Value logits(Graph g, Value hidden) {
        return head.forward(g, hidden);
    }

    /// Loss `[1]`, loss of each token `[tokens]`, and gradients; see [llams.engine.graph.LinearCrossEntropy].
    public List<Result> loss(Graph g, Value hidden, Value labels, Value scale) {
        return g.linearCrossEntropy(hidden, head.weight(g), labels, scale);
    }
}
