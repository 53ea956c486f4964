package llams.engine.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.graph.Accumulate;
import llams.engine.graph.Add;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Clear;
import llams.engine.graph.Constant;
import llams.engine.graph.Embedding;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.MatMul;
import llams.engine.graph.Op;
import llams.engine.graph.Result;
import llams.engine.graph.RmsNorm;
import llams.engine.graph.Scale;
import llams.engine.graph.SwiGlu;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import org.junit.jupiter.api.Test;

/// What planning must keep true.
class ProgramTest {
    private final Leaf x = Leaf.input("x", DType.F32, 4, 8);
    private final Leaf w = Leaf.weight("w", DType.F32, 6, 8);

    @Test
    void deadOpsAreDropped() {
        Graph g = new Graph();
        Value y = g.linear(x, w);
        g.scale(y, 2);
        Program program = Program.of(g, Map.of("y", y));
        assertEquals(List.of(new MatMul(false, true)),
                program.instructions().stream().map(Program.Instruction::op).toList());
    }

    @Test
    void effectsAreKept() {
        Graph g = new Graph();
        g.record(new Clear(), Leaf.state("s", DType.F32, 3));
        assertEquals(1, Program.of(g, Map.of()).instructions().size());
    }

    @Test
    void frozenWeightsGetNoGradient() {
        Graph g = new Graph();
        Leaf trained = Leaf.state("trained", DType.F32, 6, 8);
        Value hidden = g.rmsNorm(g.linear(g.linear(x, w), Leaf.weight("back", DType.F32, 8, 6)),
                Leaf.weight("n", DType.F32, 8), 0);
        Value loss = g
                .linearCrossEntropy(hidden, trained, Leaf.input("labels", DType.I32, 4),
                        Leaf.input("scale", DType.F32, 1))
                .getFirst();
        int before = g.nodes.size();
        Autodiff.gradients(g, loss, List.of(trained), false);
        List<Op> recorded = g.nodes.subList(before, g.nodes.size()).stream().map(node -> node.op).toList();
        assertEquals(List.of(new Constant(1)), recorded);
    }

    @Test
    void aLossThatDoesNotDependOnAWantedLeafIsRefused() {
        Graph g = new Graph();
        Value loss = g.linearCrossEntropy(x, w, Leaf.input("labels", DType.I32, 4), Leaf.input("scale", DType.F32, 1))
                .getFirst();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> Autodiff.gradients(g, loss, List.of(Leaf.state("other", DType.F32, 2)), false));
        assertTrue(e.getMessage().contains("\"other\""), e.getMessage());
    }

    @Test
    void wrongShapesThrowWhereTheyAreRecorded() {
        Graph g = new Graph();
        assertTrue(assertThrows(IllegalArgumentException.class, () -> g.matMul(x, false, w, false)).getMessage()
                .contains("do not meet"));
        assertThrows(IllegalArgumentException.class, () -> g.add(x, w));
        assertThrows(IllegalArgumentException.class,
                () -> g.attention(x, Leaf.input("k", DType.F32, 4, 24), Leaf.input("k", DType.F32, 4, 24),
                        Leaf.input("first", DType.I32, 4), Leaf.input("last", DType.I32, 4), 8, 0));
    }

    @Test
    void aProductThatIsOnlyAddedIsComputedOntoTheSum() {
        Graph g = new Graph();
        Value r = g.rmsNorm(g.linear(x, w), Leaf.weight("n", DType.F32, 6), 0);
        Value y = g.add(r, g.linear(x, w));
        assertEquals(List.of(new MatMul(false, true), new RmsNorm(0), new MatMul(false, true)),
                ops(Program.of(g, Map.of("y", y))));
        Program.Instruction sum = Program.of(g, Map.of("y", y)).instructions().getLast();
        assertEquals(3, sum.inputs().size());
        assertEquals(sum.inputs().get(2), sum.results().getFirst(), "the sum takes the place of what it adds to");
    }

    /// Two projections with adapters: first both thin products, then all that goes into the two results.
    @Test
    void productsOfOneLeftSideStandTogetherAndShareNoMemory() {
        Graph g = new Graph();
        List<Value> results = new ArrayList<>();
        for (String name : List.of("q", "k")) {
            Value wide = g.linear(x, Leaf.weight(name, DType.F32, 6, 8));
            Value thin = g.scale(g.linear(x, Leaf.weight(name + ".a", DType.F32, 2, 8)), 2);
            Value y = g.add(wide, g.linear(thin, Leaf.weight(name + ".b", DType.F32, 6, 2)));
            results.add(g.rmsNorm(y, Leaf.weight(name + ".n", DType.F32, 6), 0));
        }
        Program program = Program.of(g, Map.of("q", results.get(0), "k", results.get(1)));
        MatMul product = new MatMul(false, true);
        assertEquals(List.of(product, product, new Scale(2), new Scale(2), product, product, product, product,
                new RmsNorm(0), new RmsNorm(0)), ops(program));
        assertEquals(List.of(false, true, false, false, false, true, true, true, false, false),
                program.instructions().stream().map(Program.Instruction::isJoined).toList());
        List<Program.Instruction> sums = program.instructions().subList(4, 8);
        assertEquals(sums.get(0).results(), sums.get(1).results());
        assertEquals(sums.get(2).results(), sums.get(3).results());
        assertEquals(
                4, Stream
                        .of(sums.get(1).inputs().getFirst(), sums.get(3).inputs().getFirst(),
                                sums.get(1).results().getFirst(), sums.get(3).results().getFirst())
                        .distinct()
                        .count());
    }

    @Test
    void aProductThatSomethingElseReadsStays() {
        Graph g = new Graph();
        Value product = g.linear(x, w);
        Value y = g.add(product, g.scale(product, 2));
        assertEquals(List.of(new MatMul(false, true), new Scale(2), new Add()), ops(Program.of(g, Map.of("y", y))));
        Value asked = g.linear(x, w);
        Value sum = g.add(g.scale(asked, 2), asked);
        assertTrue(ops(Program.of(g, Map.of("sum", sum, "asked", asked))).contains(new Add()));
    }

    @Test
    void aProductIsAccumulatedIntoStateUnlessSomethingChangesWhatItReads() {
        Leaf state = Leaf.state("s", DType.F32, 4, 6);
        Leaf trained = Leaf.state("trained", DType.F32, 6, 8);
        Graph g = new Graph();
        g.accumulate(state, g.linear(x, trained), 0);
        assertEquals(List.of(new Accumulate(new MatMul(false, true), 0)), ops(Program.of(g, Map.of())));
        Graph changing = new Graph();
        Value product = changing.linear(x, trained);
        changing.record(new Clear(), trained);
        changing.accumulate(state, product, 0);
        assertEquals(List.of(new MatMul(false, true), new Clear(), new Accumulate(0)),
                ops(Program.of(changing, Map.of())));
    }

    @Test
    void gradientsAsLargeAsTheVocabularyStandOnlyInTheirState() {
        Graph g = new Graph();
        Leaf table = Leaf.state("table", DType.F32, 1000, 8);
        Leaf head = Leaf.state("head", DType.F32, 1000, 8);
        Value loss = g
                .linearCrossEntropy(g.embedding(table, Leaf.input("ids", DType.I32, 4)), head,
                        Leaf.input("labels", DType.I32, 4), Leaf.input("scale", DType.F32, 1))
                .getFirst();
        Autodiff.contributions(g, loss, List.of(table, head), false,
                (leaf, part) -> g.accumulate(Leaf.state("gradient." + leaf.name(), DType.F32, 1000, 8), part, 0));
        Program program = Program.of(g, Map.of("loss", loss));
        assertEquals(List.of(new Embedding(), new Accumulate(new LinearCrossEntropy(), 0),
                new Accumulate(new Embedding.Gradient(1000), 0)), ops(program));
        Program.Instruction fused = program.instructions().get(1);
        assertEquals("gradient.head", ((Program.OfLeaf) fused.inputs().getLast()).leaf().name());
    }

    @Test
    void aLossStaysApartWhereItsStateIsReadBeforeTheSum() {
        Graph g = new Graph();
        Leaf state = Leaf.state("s", DType.F32, 6, 8);
        List<Result> loss = g.linearCrossEntropy(x, w, Leaf.input("labels", DType.I32, 4),
                Leaf.input("scale", DType.F32, 1));
        Value before = g.scale(state, 2);
        g.accumulate(state, loss.get(3), 0);
        assertEquals(List.of(new LinearCrossEntropy(), new Scale(2), new Accumulate(0)),
                ops(Program.of(g, Map.of("before", before))));
    }

    @Test
    void whatTheLossWorksInIsPlannedAndCounted() {
        Graph g = new Graph();
        Leaf wide = Leaf.weight("wide", DType.F32, 50_000, 8);
        Leaf rows = Leaf.input("rows", DType.F32, 2000, 8);
        List<Result> loss = g.linearCrossEntropy(rows, wide, Leaf.input("labels", DType.I32, 2000),
                Leaf.input("scale", DType.F32, 1));
        Program part = Program.of(g, Map.of("loss", loss.get(0), "dx", loss.get(2)));
        Program all = Program.of(g, Map.of("loss", loss.get(0), "dweight", loss.get(3)));
        // Logits in slices of 8 MB; with all words of 512 tokens where the weight's gradient needs them.
        assertEquals(8L << 20, logits(part).bytes(), 8L << 10);
        assertEquals(512L * 50_000 * 4, logits(all).bytes());
        for (Program program : List.of(part, all)) {
            assertTrue(program.memory().temporaries() > logits(program).bytes());
            for (Program.Place place : program.instructions().getFirst().workspace()) {
                Program.InSlab piece = (Program.InSlab) place;
                assertTrue(piece.offsetBytes() + piece.type().bytes() <= program.slabBytes());
            }
        }
    }

    private static TensorType logits(Program program) {
        return program.instructions().getFirst().workspace().get(1).type();
    }

    @Test
    void normsAndActivationsAreMadeAgainInsteadOfKept() {
        Graph g = new Graph();
        Leaf wide = Leaf.state("wide", DType.F32, 6, 8);
        Leaf back = Leaf.state("back", DType.F32, 8, 6);
        Value hidden = g.recomputable(x, in -> {
            Value up = g.linear(g.rmsNorm(in, Leaf.weight("n", DType.F32, 8), 0), wide);
            return g.linear(g.swiGlu(up, g.scale(up, 2)), back);
        });
        Value loss = g
                .linearCrossEntropy(hidden, w, Leaf.input("labels", DType.I32, 4), Leaf.input("scale", DType.F32, 1))
                .getFirst();
        Map<Leaf, Value> gradients = Autodiff.gradients(g, loss, List.of(wide, back), false);
        Program program = Program.of(g, Map.of("wide", gradients.get(wide), "back", gradients.get(back)));
        List<Op> ops = ops(program);
        int atLoss = ops.indexOf(new LinearCrossEntropy());
        for (Op cheap : List.of(new RmsNorm(0), new SwiGlu())) {
            assertTrue(ops.indexOf(cheap) < atLoss && ops.lastIndexOf(cheap) > atLoss, cheap + " in " + ops);
        }
    }

    @Test
    void optionalResultsHaveAPlaceOnlyWhereTheyAreRead() {
        Graph g = new Graph();
        Value loss = g.linearCrossEntropy(x, w, Leaf.input("labels", DType.I32, 4), Leaf.input("scale", DType.F32, 1))
                .getFirst();
        List<Program.Place> places = Program.of(g, Map.of("loss", loss)).instructions().getFirst().results();
        assertTrue(places.get(0) instanceof Program.InSlab);
        assertTrue(places.subList(1, 4).stream().allMatch(Program.Unused.class::isInstance));
    }

    private static List<Op> ops(Program program) {
        return program.instructions().stream().map(Program.Instruction::op).toList();
    }

    @Test
    void buffersCrossNoWindowThatIsLargeEnough() {
        for (long window : new long[] {64 * 20, 64 * 50}) {
            List<Slab.Interval> intervals = buffersThatLiveAtTheSameTimeNeverOverlap(window);
            for (Slab.Interval interval : intervals) {
                assertEquals(interval.offsetBytes / window, (interval.offsetBytes + interval.bytes - 1) / window);
            }
        }
    }

    @Test
    void buffersThatLiveAtTheSameTimeNeverOverlap() {
        buffersThatLiveAtTheSameTimeNeverOverlap(Program.WINDOW_BYTES);
    }

    private static List<Slab.Interval> buffersThatLiveAtTheSameTimeNeverOverlap(long window) {
        CounterRandom random = new CounterRandom(3, 0);
        List<Slab.Interval> intervals = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Slab.Interval interval = new Slab.Interval(64L * (1 + random.below(20, 3 * i)),
                    random.below(100, 3 * i + 1));
            interval.to = interval.from + random.below(15, 3 * i + 2);
            intervals.add(interval);
        }
        long size = Slab.place(intervals, window);
        long sum = 0;
        for (Slab.Interval a : intervals) {
            sum += a.bytes;
            assertTrue(a.offsetBytes >= 0 && a.offsetBytes + a.bytes <= size);
            for (Slab.Interval b : intervals) {
                boolean together = a != b && a.from <= b.to && b.from <= a.to;
                boolean overlap = a.offsetBytes < b.offsetBytes + b.bytes && b.offsetBytes < a.offsetBytes + a.bytes;
                assertTrue(!(together && overlap));
            }
        }
        assertTrue(size < sum / 3, "the slab of " + size + " bytes shares too little of " + sum);
        return intervals;
    }

    @Test
    void recomputeKeepsLessAlive() {
        assertTrue(trainingSlab(true) < trainingSlab(false) * 2 / 3, trainingSlab(true) + " of " + trainingSlab(false));
    }

    private static long trainingSlab(boolean recompute) {
        Graph g = new Graph();
        Value x = Leaf.input("x", DType.F32, 64, 32);
        Leaf wide = Leaf.state("wide", DType.F32, 256, 32);
        Leaf narrow = Leaf.weight("narrow", DType.F32, 32, 256);
        for (int i = 0; i < 6; i++) {
            x = g.recomputable(x, in -> {
                Value up = g.linear(in, wide);
                return g.linear(g.swiGlu(up, g.scale(up, 2)), narrow);
            });
        }
        Value loss = g
                .linearCrossEntropy(x, Leaf.weight("head", DType.F32, 16, 32), Leaf.input("labels", DType.I32, 64),
                        Leaf.input("scale", DType.F32, 1))
                .getFirst();
        Map<Leaf, Value> gradients = Autodiff.gradients(g, loss, List.of(wide), recompute);
        return Program.of(g, Map.of("wide", gradients.get(wide))).slabBytes();
    }
}
