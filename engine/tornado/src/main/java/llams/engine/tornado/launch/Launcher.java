package llams.engine.tornado.launch;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// What brings memory and launches onto a device.
public interface Launcher extends AutoCloseable {
    /// A block, not cleared.
    ///
    /// @throws IllegalStateException if the device has no room for it; says what to do
    DeviceBlock allocate(DeviceBlock.Kind kind, long elements);

    void free(DeviceBlock block);

    /// Copies host memory, as it is, to element `offset` of a block.
    void write(MemorySegment from, DeviceBlock block, long offset);

    /// Copies from element `offset` of a block of floats on, after all that has been launched.
    void read(DeviceBlock block, long offset, MemorySegment to);

    /// What runs these launches, one after the other and again and again.
    ///
    /// @param parameters where theirs start in `ints`, [Launch#PARAMETERS] a kernel
    /// @param profile    null to measure nothing
    Prepared prepare(List<Launch> launches, DeviceBlock ints, DeviceBlock consts, int parameters, Profile profile);

    @Override
    void close();

    /// Launches that can be run.
    interface Prepared extends AutoCloseable {
        /// Ends when they have been run.
        void run();

        @Override
        void close();
    }
}
