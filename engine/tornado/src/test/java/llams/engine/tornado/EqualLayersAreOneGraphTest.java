package llams.engine.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Parts cover a program in order and keep their limits, and layers that are alike are cut alike.
class EqualLayersAreOneGraphTest {
    private static Launch launch(Kernel kernel) {
        return new Launch(kernel, List.of(), new int[3], 1, 1, 1, "test", null);
    }

    private static List<Launch> launches(Kernel... kernels) {
        List<Launch> launches = new ArrayList<>();
        for (Kernel kernel : kernels) {
            launches.add(launch(kernel));
        }
        return launches;
    }

    private static void covers(List<Launch> launches, List<Roll.Part> parts, int maxTasks, int maxBytes) {
        int at = 0;
        for (Roll.Part part : parts) {
            assertEquals(at, part.from());
            assertTrue(part.to() > part.from() && part.to() - part.from() <= maxTasks);
            int bytes = launches.subList(part.from(), part.to()).stream().mapToInt(Launch::taskBytes).sum();
            assertTrue(bytes <= maxBytes || part.to() == part.from() + 1);
            at = part.to();
        }
        assertEquals(launches.size(), at);
    }

    private static int graphs(List<Launch> launches, List<Roll.Part> parts) {
        Set<List<Launch.Shape>> graphs = new HashSet<>();
        parts.forEach(part -> graphs.add(Launch.shapes(launches.subList(part.from(), part.to()))));
        return graphs.size();
    }

    @Test
    void aLoopBetweenAHeadAndATail() {
        List<Launch> launches = launches(Kernel.PICK_ROWS);
        for (int layer = 0; layer < 30; layer++) {
            launches.addAll(launches(Kernel.RMS_NORM, Kernel.PRODUCT, Kernel.PRODUCT, Kernel.ROPE, Kernel.ADD));
        }
        launches.addAll(launches(Kernel.RMS_NORM, Kernel.SCALED_SUM));
        List<Roll.Part> parts = Roll.parts(launches, 100, 8000);
        covers(launches, parts, 100, 8000);
        assertEquals(7, parts.size());
        assertEquals(3, graphs(launches, parts));
    }

    @Test
    void blocksAreToldApartAndNotNamed() {
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            blocks.add(new Block(Block.Kind.FLOATS, 64, 0));
        }
        List<Launch.Shape> shapes = Launch.shapes(twoLaunches(blocks.get(0), blocks.get(1)));
        assertEquals(shapes, Launch.shapes(twoLaunches(blocks.get(3), blocks.get(2))));
        assertNotEquals(shapes, Launch.shapes(twoLaunches(blocks.get(3), blocks.get(3))));
    }

    private static List<Launch> twoLaunches(Block a, Block b) {
        return List.of(new Launch(Kernel.COPY, List.of(a, b), new int[3], 1, 1, 1, "test", null),
                new Launch(Kernel.COPY, List.of(b, a), new int[3], 1, 1, 1, "test", null));
    }

    @Test
    void aLayerLongerThanAGraphIsSeveral() {
        List<Launch> launches = new ArrayList<>();
        for (int layer = 0; layer < 4; layer++) {
            for (int i = 0; i < 20; i++) {
                launches.add(launch(Kernel.values()[i]));
            }
        }
        List<Roll.Part> parts = Roll.parts(launches, 8, 8000);
        covers(launches, parts, 8, 8000);
        assertEquals(12, parts.size());
        assertEquals(3, graphs(launches, parts));
    }

    @Test
    void anySequenceIsCoveredWithinTheLimits() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 200; round++) {
            List<Launch> launches = new ArrayList<>();
            for (int i = random.nextInt(60); i > 0; i--) {
                launches.add(launch(Kernel.values()[random.nextInt(3)]));
            }
            int maxTasks = 1 + random.nextInt(20);
            covers(launches, Roll.parts(launches, maxTasks, 200), maxTasks, 200);
        }
    }
}
