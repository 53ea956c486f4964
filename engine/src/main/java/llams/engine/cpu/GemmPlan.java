package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import llams.engine.tensor.Tensor;

/// How products of one height are computed together: `c = a1 b1 + a2 b2 + ...`, one `c` or several. What they share on
/// the left is packed once, threads meet twice for all of them, and a `c` is touched once for all its terms.
///
/// @param passes one after the other: what is packed at once is bounded
record GemmPlan(List<GemmPass> passes) {
    /// What is packed of the left sides at once: at most this many rows and slots of `STRIDE` steps, 9 megabytes. All
    /// of it is read again for every few columns, so it has to stay in the third-level cache, which it shares with
    /// others.
    private static final int MAX_ROWS = 1024;
    private static final int MAX_SLOTS = 4;
    /// Lanes of the widest vectors: where blocks begin and end decides the order of sums, so it must not depend on the
    /// width.
    private static final int VECTOR = 16;

    /// One factor: element `(outer, step)` of the product's rows (or columns) stands at `outer * ld + step`, or at
    /// `step * ld + outer` if `stepMajor`.
    record Factor(Tensor data, int ld, boolean stepMajor) {
        boolean is(Factor other) {
            return data.data().equals(other.data.data()) && ld == other.ld && stepMajor == other.stepMajor;
        }
    }

    /// `rows` times `columns`, summed over `steps`.
    record Term(Factor rows, Factor columns, int steps) {}

    /// `c`, or its transpose, of `width` columns: the terms added up, and to what stands there if `accumulate`; `ldc`
    /// is the row length of `c` itself.
    record Sum(List<Term> terms, int width, MemorySegment c, int ldc, boolean transposed, boolean accumulate) {}

    /// Steps of a left side that are packed once, `steps` from `from` on: its rows begin at `column` of the rows of a
    /// slot.
    record Packed(Factor rows, int from, int steps, int slot, int column) {
        boolean holds(Factor other, int first) {
            return from == first && rows.is(other);
        }
    }

    /// Plans sums that all have this height, for this number of threads.
    static GemmPlan of(int height, List<Sum> sums, int threads) {
        int tall = Math.ceilDiv(Math.ceilDiv(height, Math.ceilDiv(height, MAX_ROWS)), GemmTile.MR) * GemmTile.MR;
        List<List<Packed>> blocks = blocks(sums);
        List<GemmPass> passes = new ArrayList<>();
        for (int row = 0; row < height; row += tall) {
            boolean[] isBegun = new boolean[sums.size()];
            for (List<Packed> packed : blocks) {
                List<GemmPass.Part> parts = new ArrayList<>();
                for (int i = 0; i < isBegun.length; i++) {
                    Sum sum = sums.get(i);
                    List<GemmPass.Use> uses = uses(sum, packed);
                    if (!uses.isEmpty()) {
                        parts.add(GemmPass.Part.of(sum, uses, sum.accumulate || isBegun[i]));
                        isBegun[i] = true;
                    }
                }
                int rows = Math.min(tall, height - row);
                int[] widths = parts.stream().mapToInt(part -> part.sum().width()).toArray();
                passes.add(new GemmPass(row, rows, packed, parts, GemmTasks.of(rows, widths, threads)));
            }
        }
        return new GemmPlan(passes);
    }

    /// The blocks of each pass. Short ones share a slot's rows.
    private static List<List<Packed>> blocks(List<Sum> sums) {
        List<List<Packed>> passes = new ArrayList<>(List.of(new ArrayList<>()));
        int slot = 0;
        int column = 0;
        for (Sum sum : sums) {
            for (Term term : sum.terms) {
                int most = blockSteps(term.steps);
                for (int from = 0; from < term.steps; from += most) {
                    int first = from;
                    if (passes.stream()
                            .anyMatch(pass -> pass.stream().anyMatch(block -> block.holds(term.rows, first)))) {
                        continue;
                    }
                    int steps = Math.min(most, term.steps - from);
                    // Transposing writes whole vectors.
                    int room = Math.ceilDiv(steps, VECTOR) * VECTOR;
                    if (column + room > GemmTile.STRIDE) {
                        slot++;
                        column = 0;
                    }
                    if (slot == MAX_SLOTS) {
                        passes.add(new ArrayList<>());
                        slot = 0;
                    }
                    passes.getLast().add(new Packed(term.rows, from, steps, slot, column));
                    column += room;
                }
            }
        }
        return passes;
    }

    /// Even blocks in whole vectors of pairs: only the last may be ragged.
    private static int blockSteps(int steps) {
        int even = Math.ceilDiv(steps, Math.ceilDiv(steps, GemmTile.KC));
        return Math.min(GemmTile.KC, Math.ceilDiv(even, 2 * VECTOR) * 2 * VECTOR);
    }

    private static List<GemmPass.Use> uses(Sum sum, List<Packed> packed) {
        List<GemmPass.Use> uses = new ArrayList<>();
        for (Term term : sum.terms) {
            for (Packed block : packed) {
                if (block.rows.is(term.rows)) {
                    uses.add(new GemmPass.Use(block, term.columns));
                }
            }
        }
        return uses;
    }

    void run(Parallel p) {
        for (GemmPass pass : passes) {
            pass.run(p);
        }
    }
}
