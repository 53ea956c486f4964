package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import llams.engine.OtherJvm;
import org.junit.jupiter.api.Test;

/// Vectors are values once a loop is compiled. Where the compiler does not inline all of a loop, they stay objects for
/// ever, and the loop is many times slower. In a JVM of its own: what other tests did decides what is compiled how.
class CompiledKernelsMakeNoGarbageTest {
    @Test
    void eachKernelSettles() throws IOException, InterruptedException {
        OtherJvm.Run run = OtherJvm.run(
                List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx1g",
                        "-XX:+UseSerialGC", "-XX:CompileThresholdScaling=0.2"),
                List.of(CpuDevice.class), SettledKernels.class);
        assertEquals(0, run.exitCode(), run.output());
        assertTrue(run.output().contains("bytes a call: {}"), run.output());
    }
}
