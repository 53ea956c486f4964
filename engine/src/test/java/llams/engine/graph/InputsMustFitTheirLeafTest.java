package llams.engine.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// An input is filled only with as many values as it has elements, of its own type; a refusal changes nothing.
class InputsMustFitTheirLeafTest {
    private final Leaf ids = Leaf.input("ids", DType.I32, 3);
    private final Leaf scale = Leaf.input("scale", DType.F32, 2, 2);
    private final Tensor idsMemory = Tensor.of(Arena.ofAuto(), ids.shape(), 7, 8, 9);
    private final Tensor scaleMemory = Tensor.of(Arena.ofAuto(), scale.shape(), 1, 2, 3, 4f);
    private final Inputs inputs = name -> name.equals("ids") ? idsMemory : scaleMemory;

    private void refused(String message, Executable set) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, set).getMessage());
        assertEquals(7, idsMemory.getInt(0));
        assertEquals(1, scaleMemory.getFloat(0));
    }

    @Test
    void valuesThatFitAreStored() {
        inputs.set(ids, 4, 5, 6);
        inputs.set(scale, 5, 6, 7, 8f);
        assertEquals(6, idsMemory.getInt(2));
        assertArrayEquals(new float[] {5, 6, 7, 8}, scaleMemory.toFloats());
    }

    @Test
    void anotherLengthIsRefused() {
        refused("input \"ids\" is I32 [3] and cannot hold 2 values of I32", () -> inputs.set(ids, 1, 2));
        refused("input \"ids\" is I32 [3] and cannot hold 4 values of I32", () -> inputs.set(ids, 1, 2, 3, 4));
        refused("input \"scale\" is F32 [2, 2] and cannot hold 1 values of F32", () -> inputs.set(scale, 0.5f));
        refused("input \"scale\" is F32 [2, 2] and cannot hold 0 values of F32", () -> inputs.set(scale, new float[0]));
    }

    @Test
    void anotherTypeIsRefused() {
        refused("input \"ids\" is I32 [3] and cannot hold 3 values of F32", () -> inputs.set(ids, 1, 2, 3f));
        refused("input \"scale\" is F32 [2, 2] and cannot hold 4 values of I32", () -> inputs.set(scale, 1, 2, 3, 4));
    }
}
