package llams.engine.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import llams.engine.OtherJvm;
import llams.engine.cpu.CpuDevice;
import llams.engine.reference.ReferenceDevice;
import org.junit.jupiter.api.Test;

/// Java started without its vector module: the CPU device says which flag to add, and the others work.
class NoVectorModuleIsSaidTest {
    /// What the other JVM does. Outside of modules a service is found by a file, which the class path there lacks.
    static final class Show {
        public static void main(String[] args) {
            for (Device device : List.of(new CpuDevice(), new ReferenceDevice())) {
                System.out.println(device.name() + ": " + device.unavailable().orElse("usable"));
            }
        }
    }

    private static String shown(List<String> flags) throws Exception {
        OtherJvm.Run run = OtherJvm.run(flags, List.of(CpuDevice.class), Show.class);
        assertEquals(0, run.exitCode(), run.output());
        return run.output().replaceAll("WARNING:.*\\R", "");
    }

    @Test
    void theFlagIsNamed() throws Exception {
        assertEquals(String.format("cpu: its kernels need Java's vector module; start java with"
                + " --add-modules=jdk.incubator.vector%nscalar: usable%n"), shown(List.of()));
    }

    @Test
    void withTheFlagItIsUsable() throws Exception {
        assertEquals(String.format("cpu: usable%nscalar: usable%n"),
                shown(List.of("--add-modules=jdk.incubator.vector")));
    }
}
