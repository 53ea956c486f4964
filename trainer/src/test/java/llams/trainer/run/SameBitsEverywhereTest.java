package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.OtherJvm;
import llams.engine.device.Devices;
import llams.model.lora.LoraConfig;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;

/// Training and generating give the same bytes with every vector width, number of threads and compiler: each JVM
/// prints the SHA-256 of what [ResultHashes] computes.
///
/// A few JVMs that differ in everything stand for all; `-Dllams.bits=all` starts one for each combination, the
/// interpreter too (many minutes; without the last compiler, vectors are Java code in either).
class SameBitsEverywhereTest {
    private static final String C2 = "-XX:CompileThresholdScaling=0.05";
    private static final String C1 = "-XX:TieredStopAtLevel=1";
    private static final String INTERPRETER = "-Xint";

    @TempDir
    Path directory;

    private String hashes(int bits, int threads, String compiler) throws Exception {
        List<String> flags = List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m", "-XX:+UseSerialGC", "-XX:ActiveProcessorCount=" + threads, "-Dllams.vectorBits=" + bits,
                compiler);
        OtherJvm.Run run = OtherJvm.run(flags,
                List.of(Trainer.class, Devices.class, LoraConfig.class, Tokenizer.class, JsonNode.class,
                        JsonParser.class, JsonFormat.class),
                ResultHashes.class, Integer.toString(threads), directory.toString());
        assertEquals(0, run.exitCode(), run.output());
        return run.output().replaceAll("WARNING:.*\\R", "");
    }

    @Test
    void sameBitsEverywhere() throws Exception {
        ResultHashes.models(directory);
        String expected = hashes(256, 2, C2);
        assertTrue(expected.contains("adapter "), expected);
        List<String> differing = new ArrayList<>();
        if ("all".equals(System.getProperty("llams.bits"))) {
            for (int bits : new int[] {128, 256, 512}) {
                for (int threads = 1; threads <= 3; threads++) {
                    for (String compiler : List.of(C2, C1, INTERPRETER)) {
                        if (!hashes(bits, threads, compiler).equals(expected)) {
                            differing.add(bits + " bits, threads: " + threads + ", " + compiler);
                        }
                    }
                }
            }
        } else {
            assertEquals(expected, hashes(128, 1, C2));
            assertEquals(expected, hashes(512, 3, C1));
        }
        assertEquals(List.of(), differing);
    }
}
