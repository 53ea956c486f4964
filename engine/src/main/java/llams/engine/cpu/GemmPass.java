package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// The part of [GemmPlan] that is made with one packing: `height` rows from `row` on. All threads pack the left sides'
/// blocks; then each task computes columns of one sum: it packs panels of the right sides, stage by stage, and streams
/// the packed rows past them. The order of every sum depends on the shapes alone, so results do not depend on the
/// number of threads.
record GemmPass(int row, int height, List<GemmPlan.Packed> packed, List<Part> parts, GemmTasks tasks) {
    private static final int MR = GemmTile.MR;
    private static final int NR = GemmTile.NR;
    private static final int TILE = MR * NR;
    private static final int STRIDE = GemmTile.STRIDE;
    /// Rows that a task packs: a multiple of every `MR`, `NR` and `LANES`.
    private static final int STRIPE = 96;
    /// Steps of a stage: a full block and short ones, as those of an adapter.
    private static final int STAGE_STEPS = GemmTile.KC + 64;

    private static final int B = 0;
    private static final int STAGE = 1;
    private static final int SUMS = 2;
    private static final int A = 15;

    /// A packed block and what it is multiplied by.
    record Use(GemmPlan.Packed block, GemmPlan.Factor columns) {}

    /// What this pass adds to a sum, in stages of the steps that are packed at once.
    record Part(GemmPlan.Sum sum, List<List<Use>> stages, boolean add) {
        static Part of(GemmPlan.Sum sum, List<Use> uses, boolean add) {
            List<List<Use>> stages = new ArrayList<>();
            int steps = STAGE_STEPS;
            for (Use use : uses) {
                steps += use.block.steps();
                if (steps > STAGE_STEPS) {
                    stages.add(new ArrayList<>());
                    steps = use.block.steps();
                }
                stages.getLast().add(use);
            }
            return new Part(sum, stages, add);
        }
    }

    void run(Parallel p) {
        int stripes = Math.ceilDiv(height, STRIPE);
        int slot = stripes * STRIPE * STRIDE;
        float[] a = p.buffers().floats(A, (packed.getLast().slot() + 1) * slot);
        p.run(packed.size() * stripes,
                (task, buffers) -> pack(packed.get(task / stripes), task % stripes * STRIPE, a, slot, buffers));
        int wide = tasks.wide();
        int tall = tasks.tall();
        p.run(tasks.across() * tasks.down(), (task, buffers) -> {
            int top = task % tasks.down() * tall;
            int left = task / tasks.down() * wide;
            int i = 0;
            for (; left >= Math.ceilDiv(parts.get(i).sum.width(), wide) * wide; i++) {
                left -= Math.ceilDiv(parts.get(i).sum.width(), wide) * wide;
            }
            Part part = parts.get(i);
            block(part, a, slot, top, Math.min(tall, height - top), left, Math.min(wide, part.sum.width() - left),
                    buffers);
        });
    }

    private void pack(GemmPlan.Packed block, int top, float[] a, int slot, ThreadBuffers buffers) {
        GemmPlan.Factor rows = block.rows();
        int count = Math.min(STRIPE, height - top);
        int at = block.slot() * slot + top * STRIDE + block.column();
        if (rows.stepMajor()) {
            GemmPacking.rowsTransposed(rows.data(), rows.ld(), row + top, count, block.from(), block.steps(), a, at,
                    buffers.floats(STAGE, GemmPacking.STAGE));
        } else {
            GemmPacking.rows(rows.data(), rows.ld(), row + top, count, Math.ceilDiv(count, MR) * MR, block.from(),
                    block.steps(), a, at);
        }
    }

    /// The sums of all tiles stay in order of use, and in cache, until the last stage is done.
    private void block(Part part, float[] a, int slot, int top, int height, int left, int width,
            ThreadBuffers buffers) {
        float[] b = buffers.floats(B, STAGE_STEPS * GemmTasks.MAX_WIDE + NR * Simd.LANES);
        int padded = Math.ceilDiv(width, NR) * NR;
        int stages = part.stages.size();
        float[] sums = buffers.floats(SUMS, stages == 1 ? TILE : Math.ceilDiv(height, MR) * padded * MR);
        for (int stage = 0; stage < stages; stage++) {
            List<Use> uses = part.stages.get(stage);
            packColumns(uses, left, width, padded, b, buffers.floats(STAGE, GemmPacking.STAGE));
            int at = 0;
            for (int i = 0; i < height; i += MR) {
                for (int j = 0; j < width; j += NR) {
                    if (stage == 0) {
                        begin(part, sums, at, row + top + i, Math.min(MR, height - i), left + j,
                                Math.min(NR, width - j));
                    }
                    tile(uses, a, slot, top + i, b, j, padded, sums, at, width - j <= Simd.LANES);
                    if (stage == stages - 1) {
                        finish(part, sums, at, row + top + i, Math.min(MR, height - i), left + j,
                                Math.min(NR, width - j));
                    }
                    at += stages == 1 ? 0 : TILE;
                }
            }
        }
    }

    private static void tile(List<Use> uses, float[] a, int slot, int i, float[] b, int j, int padded, float[] sums,
            int at, boolean isNarrow) {
        int panels = 0;
        for (int u = 0; u < uses.size(); u++) {
            GemmPlan.Packed block = uses.get(u).block;
            int steps = block.steps();
            int rows = block.slot() * slot + i * STRIDE + block.column();
            if (isNarrow) {
                GemmTile.narrow(steps, a, rows, b, panels + j * steps, sums, at);
            } else {
                GemmTile.tile(steps, a, rows, b, panels + j * steps, sums, at);
            }
            panels += padded * steps;
        }
    }

    private static void packColumns(List<Use> uses, int left, int width, int padded, float[] b, float[] stage) {
        int panels = 0;
        for (int u = 0; u < uses.size(); u++) {
            GemmPlan.Factor columns = uses.get(u).columns;
            GemmPlan.Packed block = uses.get(u).block;
            if (columns.stepMajor()) {
                GemmPacking.columns(columns.data(), columns.ld(), left, width, block.from(), block.steps(), b, panels);
            } else {
                GemmPacking.columnsTransposed(columns.data(), columns.ld(), left, width, block.from(), block.steps(), b,
                        panels, stage);
            }
            panels += padded * block.steps();
        }
    }

    private static void begin(Part part, float[] sums, int at, int row, int height, int column, int width) {
        if (part.add) {
            int ldc = part.sum.ldc();
            boolean transposed = part.sum.transposed();
            long first = transposed ? (long) column * ldc + row : (long) row * ldc + column;
            load(sums, at, height, width, part.sum.c(), first, ldc, transposed);
        } else {
            Arrays.fill(sums, at, at + TILE, 0);
        }
    }

    private static void finish(Part part, float[] sums, int at, int row, int height, int column, int width) {
        int ldc = part.sum.ldc();
        boolean transposed = part.sum.transposed();
        long first = transposed ? (long) column * ldc + row : (long) row * ldc + column;
        store(sums, at, height, width, part.sum.c(), first, ldc, transposed, false);
    }

    /// Fills the tile at `from` with what stands in `c`, or its transpose; beyond that, with zeros. Compiled by
    /// itself, like [#store].
    private static void load(float[] tile, int from, int rows, int columns, MemorySegment c, long at, int ldc,
            boolean transposed) {
        if (transposed || columns < NR) {
            long down = transposed ? 1 : ldc;
            long across = transposed ? ldc : 1;
            Arrays.fill(tile, from, from + TILE, 0);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    tile[from + i * NR + j] = c.get(Tensor.F32, (at + i * down + j * across) * 4);
                }
            }
        } else {
            for (int i = 0; i < rows; i++) {
                long to = (at + (long) i * ldc) * 4;
                FloatVector left = FloatVector.fromMemorySegment(Simd.F, c, to, Simd.LE);
                FloatVector right = FloatVector.fromMemorySegment(Simd.F, c, to + Simd.LANES * 4, Simd.LE);
                left.intoArray(tile, from + i * NR);
                right.intoArray(tile, from + i * NR + Simd.LANES);
            }
            Arrays.fill(tile, from + rows * NR, from + TILE, 0);
        }
    }

    /// Moves the tile at `from`, or its transpose, into `c`, or adds it there. One method for all cases, and not a
    /// short one: it is then compiled by itself. As part of the loops above its vectors went to the heap in some runs,
    /// for those exceed what the compiler inlines.
    static void store(float[] tile, int from, int rows, int columns, MemorySegment c, long at, int ldc,
            boolean transposed, boolean add) {
        if (transposed || columns < NR) {
            long down = transposed ? 1 : ldc;
            long across = transposed ? ldc : 1;
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    long to = (at + i * down + j * across) * 4;
                    float value = tile[from + i * NR + j];
                    c.set(Tensor.F32, to, add ? value + c.get(Tensor.F32, to) : value);
                }
            }
        } else if (add) {
            for (int i = 0; i < rows; i++) {
                FloatVector left = FloatVector.fromArray(Simd.F, tile, from + i * NR);
                FloatVector right = FloatVector.fromArray(Simd.F, tile, from + i * NR + Simd.LANES);
                long to = (at + (long) i * ldc) * 4;
                long next = to + Simd.LANES * 4;
                FloatVector before = FloatVector.fromMemorySegment(Simd.F, c, to, Simd.LE);
                FloatVector after = FloatVector.fromMemorySegment(Simd.F, c, next, Simd.LE);
                left.add(before).intoMemorySegment(c, to, Simd.LE);
                right.add(after).intoMemorySegment(c, next, Simd.LE);
            }
        } else {
            for (int i = 0; i < rows; i++) {
                FloatVector left = FloatVector.fromArray(Simd.F, tile, from + i * NR);
                FloatVector right = FloatVector.fromArray(Simd.F, tile, from + i * NR + Simd.LANES);
                long to = (at + (long) i * ldc) * 4;
                left.intoMemorySegment(c, to, Simd.LE);
                right.intoMemorySegment(c, to + Simd.LANES * 4, Simd.LE);
            }
        }
    }
}
