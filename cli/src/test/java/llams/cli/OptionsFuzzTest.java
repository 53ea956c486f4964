package llams.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import llams.engine.Fuzzed;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever stands in a file of options, it is taken or refused in one line.
@Isolated("watches the time")
class OptionsFuzzTest {
    @FuzzTest
    void options(byte[] yaml) throws Exception {
        Fuzzed.file("run.yaml", yaml, path -> {
            Llams run = Llams.run("train", "--config", path.toString(), "--print-config");
            assertFalse(run.err().startsWith("llams: internal error"), run.err());
            assertTrue(run.code() == 0 || run.err().lines().count() == 1, run.err());
        });
    }
}
