package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// The part of [Products] that is made with one packing: `height` rows from `row` on. All threads pack the left sides' blocks;
/// then each task computes columns of one sum: it packs panels of the right sides, stage by stage, and streams the packed rows
/// past them. The order of every sum depends on the shapes alone, so results do not depend on the number of threads.
record ProductPass(int row, int height, List<Products.Block> blocks, List<Part> parts) {
    private static final int MR = MicroKernel.MR;
    private static final int NR = MicroKernel.NR;
    private static final int TILE = MR * NR;
    private static final int STRIDE = MicroKernel.STRIDE;
    /// Rows that a task packs: a multiple of every `MR`, `NR` and `LANES`.
    private static final int STRIPE = 96;
    /// Columns of right sides packed at once: together with their part of `c` they stay in the second-level cache.
    private static final int PACKED = 128;
    /// Steps of a stage: a full block and short ones, as those of an adapter.
    private static final int STAGE_STEPS = MicroKernel.KC + 64;
    /// A task of fewer columns reads the left sides too often; only idle threads are worse.
    private static final int MIN_COLUMNS = 64;
    /// A task of fewer rows spends too much of its time on packing right sides; only idle threads are worse.
    private static final int MIN_ROWS = 256;
    /// The fewest that are worth another thread.
    private static final int LEAST_ROWS = 4 * MR;
    /// Tasks per thread worth having, so that a slow thread leaves little for the end.
    private static final int SHARE = 4;

    private static final int B = 0;
    private static final int STAGE = 1;
    private static final int SUMS = 2;
    private static final int A = 15;

    /// A packed block and what it is multiplied by.
    record Use(Products.Block block, Products.Factor columns) {
    }

    /// What this pass adds to a sum, in stages of so many steps as are packed at once.
    record Part(Products.Sum sum, List<List<Use>> stages, boolean add) {
        static Part of(Products.Sum sum, List<Use> uses, boolean add) {
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
        float[] a = p.scratch().floats(A, (blocks.getLast().slot() + 1) * slot);
        p.run(blocks.size() * stripes, (task, scratch) -> pack(blocks.get(task / stripes), task % stripes * STRIPE, a, slot, scratch));
        int width = 0;
        for (Part part : parts) {
            width += part.sum.width();
        }
        int wide = Math.clamp(Math.ceilDiv(width, SHARE * p.threads()), MIN_COLUMNS, PACKED) / NR * NR;
        int across = 0;
        for (Part part : parts) {
            across += Math.ceilDiv(part.sum.width(), wide);
        }
        int down = Math.clamp(SHARE * p.threads() / across, 1, Math.max(1, height / MIN_ROWS));
        if (across * down < p.threads()) {
            down = Math.min(Math.ceilDiv(p.threads(), across), Math.ceilDiv(height, LEAST_ROWS));
        }
        int tall = Math.ceilDiv(Math.ceilDiv(height, down), MR) * MR;
        int tasksDown = Math.ceilDiv(height, tall);
        p.run(across * tasksDown, (task, scratch) -> {
            int top = task % tasksDown * tall;
            int left = task / tasksDown * wide;
            int i = 0;
            for (; left >= Math.ceilDiv(parts.get(i).sum.width(), wide) * wide; i++) {
                left -= Math.ceilDiv(parts.get(i).sum.width(), wide) * wide;
            }
            Part part = parts.get(i);
            block(part, a, slot, top, Math.min(tall, height - top), left, Math.min(wide, part.sum.width() - left), scratch);
        });
    }

    private void pack(Products.Block block, int top, float[] a, int slot, Scratch scratch) {
        Products.Factor rows = block.rows();
        int count = Math.min(STRIPE, height - top);
        int at = block.slot() * slot + top * STRIDE + block.column();
        if (rows.stepMajor()) {
            Panels.rowsTransposed(rows.data(), rows.ld(), row + top, count, block.from(), block.steps(), a, at,
                    scratch.floats(STAGE, Panels.STAGE));
        } else {
            Panels.rows(rows.data(), rows.ld(), row + top, count, Math.ceilDiv(count, MR) * MR, block.from(), block.steps(), a, at);
        }
    }

    /// The sums of all tiles stay in order of use, and in cache, until the last stage is through.
    private void block(Part part, float[] a, int slot, int top, int height, int left, int width, Scratch scratch) {
        float[] b = scratch.floats(B, STAGE_STEPS * PACKED + NR * Simd.LANES);
        int padded = Math.ceilDiv(width, NR) * NR;
        int stages = part.stages.size();
        float[] sums = scratch.floats(SUMS, stages == 1 ? TILE : Math.ceilDiv(height, MR) * padded * MR);
        for (int stage = 0; stage < stages; stage++) {
            List<Use> uses = part.stages.get(stage);
            packColumns(uses, left, width, padded, b, scratch.floats(STAGE, Panels.STAGE));
            int at = 0;
            for (int i = 0; i < height; i += MR) {
                for (int j = 0; j < width; j += NR) {
                    if (stage == 0) {
                        Arrays.fill(sums, at, at + TILE, 0);
                    }
                    int panels = 0;
                    for (int u = 0; u < uses.size(); u++) {
                        Products.Block block = uses.get(u).block;
                        int steps = block.steps();
                        MicroKernel.tile(steps, a, block.slot() * slot + (top + i) * STRIDE + block.column(), b,
                                panels + j * steps, NR, sums, at, NR);
                        panels += padded * steps;
                    }
                    if (stage == stages - 1) {
                        finish(part, sums, at, row + top + i, Math.min(MR, height - i), left + j, Math.min(NR, width - j));
                    }
                    at += stages == 1 ? 0 : TILE;
                }
            }
        }
    }

    private static void packColumns(List<Use> uses, int left, int width, int padded, float[] b, float[] stage) {
        int panels = 0;
        for (Use use : uses) {
            Products.Factor columns = use.columns;
            Products.Block block = use.block;
            if (columns.stepMajor()) {
                Panels.columns(columns.data(), columns.ld(), left, width, block.from(), block.steps(), b, panels);
            } else {
                Panels.columnsTransposed(columns.data(), columns.ld(), left, width, block.from(), block.steps(), b, panels, stage);
            }
            panels += padded * block.steps();
        }
    }

    private static void finish(Part part, float[] sums, int at, int row, int height, int column, int width) {
        MemorySegment c = part.sum.c();
        int ldc = part.sum.ldc();
        if (part.sum.transposed()) {
            for (int j = 0; j < width; j++) {
                for (int i = 0; i < height; i++) {
                    put(c, (long) (column + j) * ldc + row + i, sums[at + i * NR + j], part.add);
                }
            }
        } else {
            store(sums, at, height, width, c, (long) row * ldc + column, ldc, part.add);
        }
    }

    /// Moves the tile at `from` into `c`, or adds it there.
    static void store(float[] tile, int from, int rows, int columns, MemorySegment c, long at, int ldc, boolean add) {
        if (columns < NR) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    put(c, at + (long) i * ldc + j, tile[from + i * NR + j], add);
                }
            }
            return;
        }
        if (add) {
            for (int i = 0; i < rows; i++, at += ldc) {
                at(tile, from + i * NR).add(Simd.load(c, at)).intoMemorySegment(c, at * 4, Simd.LE);
                long next = at + Simd.LANES;
                at(tile, from + i * NR + Simd.LANES).add(Simd.load(c, next)).intoMemorySegment(c, next * 4, Simd.LE);
            }
        } else {
            for (int i = 0; i < rows; i++, at += ldc) {
                Simd.store(at(tile, from + i * NR), c, at);
                Simd.store(at(tile, from + i * NR + Simd.LANES), c, at + Simd.LANES);
            }
        }
    }

    private static FloatVector at(float[] tile, int index) {
        return FloatVector.fromArray(Simd.F, tile, index);
    }

    private static void put(MemorySegment c, long at, float value, boolean add) {
        c.set(Tensor.F32, at * 4, add ? value + c.get(Tensor.F32, at * 4) : value);
    }
}
