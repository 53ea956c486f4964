package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.trainer.optim.Optimizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GradientsAreInTheReceiptTest {
    /// The second is hashed in two parts.
    private static final List<Leaf> TRAINED = List.of(Leaf.state("a", DType.F32, 7, 5),
            Leaf.state("b", DType.F32, 300, 1001));
    /// By version 0.1 before gradients were hashed.
    private static final String OLD_ROWS = """
            {"step":0,"steps":2,"loss":6.244739785790443,"lr":3.0E-4,"gradNorm":4.186839037301001,"countedTokens":32,"tokens":32,"tokensPerSecond":11.350297869236602,"elapsedSeconds":2.819467274,"memoryBytes":197402624,"data":"85a74c5df0e8f2f69290d152646c358b","receipt":"3f492f79e2a81edc6f2c3ff9cc7f17ba","sum":"ad6bf6ea10b058f0c37a385aa4b9c81d"}
            {"step":1,"steps":2,"loss":6.137886792421341,"lr":1.5E-4,"gradNorm":3.217570264592954,"countedTokens":32,"tokens":64,"tokensPerSecond":44.906233770124054,"elapsedSeconds":3.631902331,"memoryBytes":221384704,"data":"9888abf750ab2fd034f1e3c128aab00a","receipt":"f576824b3190659ce7deba5a085beade","sum":"ba0e6a7f781d2df43e70e10c02012e1a"}
            """;

    @TempDir
    Path directory;

    /// Norm and hash of an update's gradients.
    ///
    /// @param flipped the element of the last leaf whose lowest bit is another one; -1 for none
    private static List<Object> update(Device device, long flipped) {
        Optimizer optimizer = Optimizer.standard();
        try (Arena arena = Arena.ofShared()) {
            Random random = new Random(1);
            Map<String, Tensor> resident = new HashMap<>();
            List<Leaf> all = new ArrayList<>(optimizer.state(TRAINED));
            TRAINED.forEach(leaf -> all.add(Optimizer.gradient(leaf)));
            for (Leaf leaf : all) {
                Tensor tensor = Tensor.allocate(arena, DType.F32, leaf.shape());
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.setFloat(i, random.nextFloat());
                }
                resident.put(leaf.name(), tensor);
            }
            if (flipped >= 0) {
                var last = resident.get(Optimizer.gradient(TRAINED.getLast()).name()).data();
                long at = 4 * flipped;
                last.set(ValueLayout.JAVA_BYTE, at, (byte) (last.get(ValueLayout.JAVA_BYTE, at) ^ 1));
            }
            try (Session session = device.open(resident)) {
                GradientHashes hashes = GradientHashes.in(session);
                Executable update = session.compile(optimizer.update(TRAINED, 0));
                optimizer.fill(update, 1e-3, 0);
                update.run();
                return List.of(update.output("squaredNorm").getFloat(0), hashes.ofStep(TRAINED, Workers.ALONE));
            }
        }
    }

    @Test
    void aBitThatTheNormDoesNotShowIsInTheHash() {
        Device device = Devices.byName("cpu").with(new Options(1));
        List<Object> as = update(device, -1);
        assertEquals(as, update(device.with(new Options(2)), -1));
        for (long flipped : new long[] {0, 262_143, 262_144, 300_299}) {
            List<Object> other = update(device, flipped);
            assertEquals(as.getFirst(), other.getFirst());
            assertNotEquals(as.getLast(), other.getLast());
        }
    }

    @Test
    void rowsWithoutThemAreReadAsBefore() throws IOException {
        Path log = Files.writeString(directory.resolve("train.jsonl"), OLD_ROWS);
        List<String> problems = new ArrayList<>();
        LoggedSteps rows = LoggedSteps.read(log, problems::add);
        assertEquals(List.of(), problems);
        assertEquals(0, rows.unvouched());
        assertEquals("", rows.difference(1, rows.rows().get(1).deepCopy().put(StepReceipt.GRADIENTS, "abc")));
        assertTrue(rows.difference(1, rows.rows().get(2)).startsWith("step 1 instead of 0"));
    }
}
