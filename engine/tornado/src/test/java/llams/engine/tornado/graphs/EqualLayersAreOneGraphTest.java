package llams.engine.tornado.graphs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import org.junit.jupiter.api.Test;

/// Spans cover a program in order and within their limits, and like layers are cut alike.
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

    private static void covers(List<Launch> launches, List<GraphCutter.Span> spans, int maxTasks, int maxBytes) {
        int at = 0;
        for (GraphCutter.Span span : spans) {
            assertEquals(at, span.from());
            assertTrue(span.to() > span.from() && span.to() - span.from() <= maxTasks);
            int bytes = launches.subList(span.from(), span.to()).stream().mapToInt(Launch::taskBytes).sum();
            assertTrue(bytes <= maxBytes || span.to() == span.from() + 1);
            at = span.to();
        }
        assertEquals(launches.size(), at);
    }

    private static int graphs(List<Launch> launches, List<GraphCutter.Span> spans) {
        Set<List<Launch.Signature>> graphs = new HashSet<>();
        spans.forEach(span -> graphs.add(Launch.signatures(launches.subList(span.from(), span.to()))));
        return graphs.size();
    }

    @Test
    void aLoopBetweenAHeadAndATail() {
        List<Launch> launches = launches(Kernel.PICK_ROWS);
        for (int layer = 0; layer < 30; layer++) {
            launches.addAll(launches(Kernel.RMS_NORM, Kernel.PRODUCT, Kernel.PRODUCT, Kernel.ROPE, Kernel.ADD));
        }
        launches.addAll(launches(Kernel.RMS_NORM, Kernel.SCALED_SUM));
        List<GraphCutter.Span> spans = GraphCutter.spans(launches, 100, 8000);
        covers(launches, spans, 100, 8000);
        assertEquals(7, spans.size());
        assertEquals(3, graphs(launches, spans));
    }

    @Test
    void blocksAreToldApartAndNotNamed() {
        List<DeviceBlock> blocks = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            blocks.add(new DeviceBlock(DeviceBlock.Kind.FLOATS, 64, 0));
        }
        List<Launch.Signature> shapes = Launch.signatures(twoLaunches(blocks.get(0), blocks.get(1)));
        assertEquals(shapes, Launch.signatures(twoLaunches(blocks.get(3), blocks.get(2))));
        assertNotEquals(shapes, Launch.signatures(twoLaunches(blocks.get(3), blocks.get(3))));
    }

    private static List<Launch> twoLaunches(DeviceBlock a, DeviceBlock b) {
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
        List<GraphCutter.Span> spans = GraphCutter.spans(launches, 8, 8000);
        covers(launches, spans, 8, 8000);
        assertEquals(12, spans.size());
        assertEquals(3, graphs(launches, spans));
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
            covers(launches, GraphCutter.spans(launches, maxTasks, 200), maxTasks, 200);
        }
    }
}
