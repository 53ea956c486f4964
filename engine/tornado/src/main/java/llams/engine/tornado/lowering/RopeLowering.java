package llams.engine.tornado.lowering;

import java.util.List;
import llams.engine.graph.CacheAppend;
import llams.engine.graph.Rope;
import llams.engine.plan.Program.InSlab;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.Ref;

/// Rotary positions. Before attention to a cache, queries, keys and the cache's new rows are one launch, as in decoding
/// each takes far less time than its launch.
final class RopeLowering {
    /// The instructions that [#joined] replaces.
    static final int JOINED = 4;

    private final Lowering lowering;

    RopeLowering(Lowering lowering) {
        this.lowering = lowering;
    }

    /// True if these instructions start by rotating queries and keys and appending those keys, and values, to a cache.
    static boolean isJoined(List<Instruction> next) {
        if (next.size() < JOINED || !(next.get(0).op() instanceof Rope q) || !(next.get(1).op() instanceof Rope k)
                || !(next.get(2).op() instanceof CacheAppend) || !(next.get(3).op() instanceof CacheAppend)) {
            return false;
        }
        List<Place> queries = next.get(0).inputs();
        Place turnedKeys = next.get(1).results().getFirst();
        List<Place> keys = next.get(2).inputs();
        List<Place> values = next.get(3).inputs();
        return q.equals(k) && !q.inverse() && queries.get(Rope.TABLE).equals(next.get(1).inputs().get(Rope.TABLE))
                && keys.get(CacheAppend.X).equals(turnedKeys)
                && values.get(CacheAppend.SLOT).equals(keys.get(CacheAppend.SLOT))
                && Lowering.dim(values.get(CacheAppend.X), 1) == Lowering.dim(keys.get(CacheAppend.X), 1)
                && !areOverlapping(queries.get(Rope.X), turnedKeys);
    }

    /// True if the rotated keys would overwrite the queries, which a single launch may not have read by then.
    private static boolean areOverlapping(Place queries, Place turnedKeys) {
        return queries instanceof InSlab q && turnedKeys instanceof InSlab k
                && q.offsetBytes() < k.offsetBytes() + k.type().bytes()
                && k.offsetBytes() < q.offsetBytes() + q.type().bytes();
    }

    void joined(List<Instruction> all) {
        List<Place> q = all.get(0).inputs();
        List<Place> k = all.get(1).inputs();
        List<Place> keys = all.get(2).inputs();
        List<Place> values = all.get(3).inputs();
        int pairsQ = Lowering.elements(q.get(Rope.X)) / 2;
        int pairsK = Lowering.elements(k.get(Rope.X)) / 2;
        int inValues = Lowering.elements(values.get(CacheAppend.X));
        List<Ref> refs = List.of(lowering.ref(q.get(Rope.X)), lowering.ref(q.get(Rope.TABLE)),
                lowering.ref(all.get(0).results().getFirst()), lowering.ref(k.get(Rope.X)),
                lowering.ref(all.get(1).results().getFirst()), lowering.ref(keys.get(CacheAppend.CACHE)),
                lowering.ref(values.get(CacheAppend.X)), lowering.ref(values.get(CacheAppend.CACHE)));
        lowering.launchElements(Kernel.TURN_AND_KEEP, (long) pairsQ + pairsK + inValues, refs, pairsQ,
                Lowering.dim(q.get(Rope.X), 1), ((Rope) all.getFirst().op()).headDim(),
                lowering.ref(q.get(Rope.POSITION)).offset(), pairsK, Lowering.dim(k.get(Rope.X), 1),
                lowering.ref(k.get(Rope.POSITION)).offset(), lowering.ref(keys.get(CacheAppend.SLOT)).offset(),
                inValues);
    }

    void one(List<Place> in, int headDim, boolean inverse, Place y) {
        int pairs = Lowering.elements(y) / 2;
        lowering.launchElements(Kernel.ROPE, pairs,
                List.of(lowering.ref(in.get(Rope.X)), lowering.ref(in.get(Rope.TABLE)), lowering.ref(y)), pairs,
                Lowering.dim(y, 1), headDim, lowering.ref(in.get(Rope.POSITION)).offset(), inverse ? 1 : 0);
    }
}
