package llams.engine.tornado.lowering;

import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Ref;

/// Scratch memory of one kind: each op's starts at the beginning of the block.
final class ScratchRegion {
    private final DeviceBlock block;
    private long used;
    private long needed;

    ScratchRegion(DeviceBlock block) {
        this.block = block;
    }

    /// @throws IllegalArgumentException if it exceeds the largest block
    Ref take(long elements) {
        if (elements > DeviceBlock.LIMIT - used) {
            throw new IllegalArgumentException(
                    "gpu: an op needs " + (used + elements) + " numbers of scratch memory, more than the limit of "
                            + DeviceBlock.LIMIT + "; use fewer tokens at a time");
        }
        long offset = used;
        used += DeviceBlock.aligned(elements);
        needed = Math.max(needed, used);
        return new Ref(block, Math.toIntExact(offset));
    }

    /// Starts over, for the next op.
    void clear() {
        used = 0;
    }

    /// The elements that the block must have, which may be more than it has.
    long needed() {
        return needed;
    }
}
