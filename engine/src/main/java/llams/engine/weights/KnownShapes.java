package llams.engine.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LlamaConfig.RopeScaling;

/// The shapes of the published Llama 3 base models, as their `config.json` files state them.
public final class KnownShapes {
    /// By the names of the command line.
    public static final Map<String, LlamaConfig> BY_NAME;

    private static final int VOCAB = 128_256;
    private static final int BEGIN_OF_TEXT = 128_000;
    private static final int END_OF_TEXT = 128_001;

    static {
        RopeScaling by8 = new RopeScaling(8, 1, 4, 8192);
        RopeScaling by32 = new RopeScaling(32, 1, 4, 8192);
        Map<String, LlamaConfig> shapes = new LinkedHashMap<>();
        shapes.put("llama3-8b", shape(4096, 14336, 32, 32, null, 8192, false));
        shapes.put("llama3.1-8b", shape(4096, 14336, 32, 32, by8, 131_072, false));
        shapes.put("llama3.2-1b", shape(2048, 8192, 16, 32, by32, 131_072, true));
        shapes.put("llama3.2-3b", shape(3072, 8192, 28, 24, by32, 131_072, true));
        BY_NAME = Collections.unmodifiableMap(shapes);
    }

    private KnownShapes() {}

    private static LlamaConfig shape(int dim, int hiddenDim, int layers, int heads, RopeScaling scaling, int positions,
            boolean tied) {
        return LlamaConfig.standard(dim, hiddenDim, layers, heads, 8, VOCAB)
                .withRope(500_000, scaling)
                .withMaxPositions(positions)
                .withTied(tied)
                .withMetadata(LlamaConfig.Metadata.standard()
                        .withIds(BEGIN_OF_TEXT, List.of(END_OF_TEXT))
                        .withDtype("bfloat16"));
    }
}
