package llams.engine.tornado.lowering;

import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Ref;

/// Memory of one kind that ops need for themselves: every op's begins at the start of a block.
final class ScratchRegion {
    private final DeviceBlock block;
    private long used;
    private long needed;

    ScratchRegion(DeviceBlock block) {
        this.block = block;
    }

    /// @throws IllegalArgumentException if that is more than a block can have
    Ref take(long elements) {
        if (elements > DeviceBlock.LIMIT - used) {
            throw new IllegalArgumentException("gpu: an op needs " + (used + elements) + " numbers for itself, at most "
                    + DeviceBlock.LIMIT + " are possible; use fewer tokens at a time");
        }
        long offset = used;
        used += DeviceBlock.aligned(elements);
        needed = Math.max(needed, used);
        return new Ref(block, Math.toIntExact(offset));
    }

    /// For the next op.
    void clear() {
        used = 0;
    }

    /// Elements that the block must have, which may be more than it has.
    long needed() {
        return needed;
    }
}
