package llams.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// What every benchmark that computes has: the CPU with a number of threads and a vector width, and memory. The
/// width is read when the kernels load, so it holds only in the fresh JVM that JMH starts for each combination.
@State(Scope.Benchmark)
public abstract class OnCpu {
    /// 0: one a core.
    @Param("0")
    public int threads;

    /// 0: the widest this CPU has.
    @Param("0")
    public int vectorBits;

    Arena arena;
    Device cpu;
    /// The plain loops that answers are checked against.
    Device scalar;

    /// Makes what is measured and checks its answer.
    abstract void open() throws IOException;

    /// Frees it.
    abstract void close() throws IOException;

    // JMH promises no order between a class's own setup and its parent's, so there is one for both.
    @Setup
    public void setUp() throws IOException {
        if (vectorBits > 0) {
            System.setProperty("llams.vectorBits", Integer.toString(vectorBits));
        }
        arena = Arena.ofShared();
        cpu = Devices.byName("cpu").with(threads > 0 ? new Options(threads) : Options.standard());
        scalar = Devices.byName("scalar");
        open();
    }

    @TearDown
    public void tearDown() throws IOException {
        close();
        arena.close();
    }
}
