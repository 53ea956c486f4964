package llams.bench;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import llams.engine.device.Devices;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

class WrongAnswersFailTest {
    @Test
    void oneWrongElementIsEnough() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor expected = Tensor.of(arena, Shape.of(3), 1f, -2f, 3f);
            Tensor actual = Tensor.of(arena, Shape.of(3), 1f, -2f, 3f);
            assertDoesNotThrow(() -> Close.check("x", actual, expected, 1e-4));
            actual.setFloat(1, -2.01f);
            assertThrows(IllegalStateException.class, () -> Close.check("x", actual, expected, 1e-4));
            actual.setFloat(1, Float.NaN);
            assertThrows(IllegalStateException.class, () -> Close.check("x", actual, expected, 1e-4));
        }
    }

    /// As if the kernel had worked on other numbers than the plain loops.
    @Test
    void aRecordedOperationIsCompared() {
        try (Arena arena = Arena.ofShared()) {
            Recorded one = new Recorded(arena);
            Value x = one.random("x", DType.F32, 4, 8);
            one.output("y", one.graph.add(x, x));
            try (Recorded.Running running = one.on(Devices.byName("cpu"))) {
                assertDoesNotThrow(() -> one.check(running, Devices.byName("scalar"), 1e-6));
                Tensor other = Tensor.allocate(arena, DType.F32, Shape.of(4, 8));
                one.tensors.put("x", other);
                assertThrows(IllegalStateException.class, () -> one.check(running, Devices.byName("scalar"), 1e-6));
            }
        }
    }
}
