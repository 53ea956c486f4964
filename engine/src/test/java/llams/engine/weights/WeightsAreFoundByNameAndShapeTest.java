package llams.engine.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import llams.engine.Golden;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.Parameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A model's code gets the weight that it asks for, or an error: never one of another shape.
class WeightsAreFoundByNameAndShapeTest {
    private LlamaWeights weights;
    private Parameters frozen;

    @BeforeEach
    void open() throws IOException {
        weights = LlamaWeights.open(Golden.models().findFirst().orElseThrow().dir("f32"));
        frozen = weights.frozen();
    }

    @AfterEach
    void close() throws IOException {
        weights.close();
    }

    private void refused(String message, String name, long... dims) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> frozen.leaf(name, dims));
        assertEquals(weights.directory + ": " + message, e.getMessage());
    }

    @Test
    void aWeightIsFound() {
        Leaf norm = frozen.leaf(Llama.NORM, weights.config.dim());
        assertEquals(Leaf.Kind.WEIGHT, norm.kind());
        assertEquals(Llama.NORM, norm.name());
    }

    @Test
    void aNameThatTheModelLacksIsRefused() {
        refused("the model has no weight \"model.norm.bias\"", "model.norm.bias", weights.config.dim());
    }

    @Test
    void anotherShapeIsRefused() {
        int dim = weights.config.dim();
        int vocab = weights.config.vocab();
        refused("\"model.norm.weight\" is [" + dim + "], not [" + (dim + 1) + "]", Llama.NORM, dim + 1);
        refused("\"model.norm.weight\" is [" + dim + "], not [1, " + dim + "]", Llama.NORM, 1, dim);
        refused("\"model.embed_tokens.weight\" is [" + vocab + ", " + dim + "], not [" + dim + ", " + vocab + "]",
                Llama.EMBEDDING, dim, vocab);
    }
}
