package llams.engine.tornado.launch;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// The door to the device: allocates memory, copies, and runs launches. Its two implementations are TornadoVM's task
/// graphs and the CUDA driver.
public interface Launcher extends AutoCloseable {
    /// A new block, not cleared.
    ///
    /// @throws IllegalStateException if the device has no room for it; the message says what to do
    DeviceBlock allocate(DeviceBlock.Kind kind, long elements);

    void free(DeviceBlock block);

    /// Copies host memory unchanged to element `offset` of a block.
    void write(MemorySegment from, DeviceBlock block, long offset);

    /// Copies from element `offset` of a block of floats, after everything launched so far.
    void read(DeviceBlock block, long offset, MemorySegment to);

    /// Prepares launches to be run in order, any number of times.
    ///
    /// @param parameters where theirs start in `ints`, [Launch#PARAMETERS] per kernel
    /// @param profile    null when not profiling
    Prepared prepare(List<Launch> launches, DeviceBlock ints, DeviceBlock consts, int parameters, Profile profile);

    @Override
    void close();

    /// Launches that are ready to run.
    interface Prepared extends AutoCloseable {
        /// Runs them and waits for the last.
        void run();

        @Override
        void close();
    }
}
