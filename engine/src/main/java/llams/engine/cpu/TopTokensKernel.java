package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.graph.TopTokens;
import llams.engine.tensor.Tensor;

/// The output projection and the largest of its logits; see [TopTokens].
final class TopTokensKernel {
    private static final int LANES = 1;
    private static final int LARGEST = 2;
    private static final int LARGEST_IDS = 1;

    private TopTokensKernel() {}

    /// @param ids  I32 `[tokens, count]`
    /// @param logp F32 `[tokens, count]`
    static void run(TopTokens op, Tensor[] in, Tensor ids, Tensor logp, Tensor[] work, Parallel p) {
        ids.data().fill((byte) 0);
        ElementwiseKernel.clear(logp, p);
        Tensor weight = in[TopTokens.WEIGHT];
        HeadBlocks.sum(in[TopTokens.X], in[TopTokens.LABELS], weight.dim(0), null, 0, work, p, block -> {
            block.losses(weight, null, work, p, (logits, row, token, buffers) -> {
                row(logits.data(), (long) row * weight.dim(0), weight.dim(0), (float) (1 / op.temperature()), ids, logp,
                        token, buffers);
                return 0;
            }, null);
            return 0;
        });
    }

    private static void row(MemorySegment logits, long at, int vocab, float cooling, Tensor ids, Tensor logp, int token,
            ThreadBuffers buffers) {
        int count = ids.dim(1);
        CrossEntropyKernel.scale(logits, at, vocab, cooling);
        float largest = CrossEntropyKernel.largest(logits, at, vocab);
        double logSum = largest + StrictMath.log(
                CrossEntropyKernel.sumOfExponents(logits, at, vocab, largest, buffers.floats(LANES, Simd.SUM_LANES)));
        Heap heap = new Heap(buffers.floats(LARGEST, count), buffers.ints(LARGEST_IDS, count));
        int id = 0;
        for (; id < count; id++) {
            heap.add(id, logits.get(Tensor.F32, (at + id) * 4));
        }
        for (; id <= vocab - Simd.LANES; id += Simd.LANES) {
            FloatVector some = Simd.load(logits, at + id);
            if (some.compare(VectorOperators.GT, heap.values[0]).anyTrue()) {
                heap.offer(logits, at, id, id + Simd.LANES, count);
            }
        }
        heap.offer(logits, at, id, vocab, count);
        for (int left = count; left > 0; left--) {
            long to = (long) token * count + left - 1;
            ids.setInt(to, heap.ids[0]);
            logp.setFloat(to, (float) (heap.values[0] - logSum));
            heap.sift(0, left - 1, heap.ids[left - 1], heap.values[left - 1]);
        }
    }

    /// The best so far, the worst of them first: of equal logits, the higher id is worse.
    private record Heap(float[] values, int[] ids) {
        /// Adds the id that comes next, to as many as there are.
        void add(int id, float value) {
            int at = id;
            while (at > 0 && isWorse(id, value, (at - 1) / 2)) {
                move((at - 1) / 2, at);
                at = (at - 1) / 2;
            }
            set(at, id, value);
        }

        /// Takes ids from `from` to `to` for worse ones of `count`.
        void offer(MemorySegment logits, long at, int from, int to, int count) {
            for (int id = from; id < to; id++) {
                float value = logits.get(Tensor.F32, (at + id) * 4);
                if (value > values[0]) {
                    sift(0, count, id, value);
                }
            }
        }

        /// Puts an id at `at` of `count`, or below it where that is worse.
        void sift(int at, int count, int id, float value) {
            int hole = at;
            for (int child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
                if (child + 1 < count && isWorse(ids[child + 1], values[child + 1], child)) {
                    child++;
                }
                if (!isWorse(ids[child], values[child], id, value)) {
                    break;
                }
                move(child, hole);
                hole = child;
            }
            set(hole, id, value);
        }

        private boolean isWorse(int id, float value, int than) {
            return isWorse(id, value, ids[than], values[than]);
        }

        private static boolean isWorse(int id, float value, int thanId, float thanValue) {
            return value < thanValue || value == thanValue && id > thanId;
        }

        private void move(int from, int to) {
            set(to, ids[from], values[from]);
        }

        private void set(int at, int id, float value) {
            ids[at] = id;
            values[at] = value;
        }
    }
}
