package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;

@Isolated("changes the width of vectors")
class OptionsOfEveryComputationTest {
    @Command(name = "compute")
    static final class Compute {
        @Mixin
        ComputeOptions options;
    }

    private final String before = System.getProperty("llams.vectorBits");

    @AfterEach
    void restoreProperty() {
        if (before == null) {
            System.clearProperty("llams.vectorBits");
        } else {
            System.setProperty("llams.vectorBits", before);
        }
    }

    private static ComputeOptions parse(String... args) {
        Compute command = new Compute();
        new CommandLine(command).parseArgs(args);
        return command.options;
    }

    @Test
    void theDefaultsAreThisMachines() {
        ComputeOptions options = parse();
        assertEquals(ComputeOptions.DeviceChoice.auto, options.device);
        assertEquals(Runtime.getRuntime().availableProcessors(), options.threads);
        assertEquals(before, System.getProperty("llams.vectorBits"));
    }

    @Test
    void theVectorWidthIsSetWhileOptionsAreRead() {
        parse("--vector-bits", "128");
        assertEquals("128", System.getProperty("llams.vectorBits"));
    }

    @Test
    void impossibleValuesAreRefusedByName() {
        for (String[] args : new String[][] {{"--threads", "0"}, {"--vector-bits", "100"}, {"--device", "tpu"}}) {
            ParameterException e = assertThrows(ParameterException.class, () -> parse(args));
            assertTrue(e.getMessage().contains(args[0]), e.getMessage());
        }
    }
}
