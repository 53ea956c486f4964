package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// If TornadoVM could run a kernel that does not compile as plain Java, the device is unavailable.
class FallingBackIsRefusedTest {
    @Test
    void withoutTheFlagOrWithoutTornadoVM() {
        String flag = System.clearProperty("tornado.recover.bailout");
        try {
            String reason = new GpuDevice().unavailable().orElseThrow();
            assertTrue(reason.contains("tornado.recover.bailout") || reason.contains("TORNADOVM_HOME"), reason);
        } finally {
            if (flag != null) {
                System.setProperty("tornado.recover.bailout", flag);
            }
        }
    }
}
