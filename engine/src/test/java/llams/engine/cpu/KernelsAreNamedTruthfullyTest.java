package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// [KernelOf] names for each operation the class that [CpuDevice]'s `switch` calls for it.
class KernelsAreNamedTruthfullyTest {
    private static final Path SOURCES = Path.of(System.getProperty("llams.root"),
            "engine/src/main/java/llams/engine/cpu");
    private static final Pattern CASE = Pattern
            .compile("case ([\\w.]+)(?:\\([^)]*\\))?(?: \\w+)? ->(.*?)(?=\\bcase |private )", Pattern.DOTALL);
    private static final Pattern KERNEL = Pattern.compile("\\b(\\w+Kernel)\\.");
    /// One case for several operations.
    private static final Pattern NAMED = Pattern.compile("case ([\\w.,_ ]+) -> (\\w+)\\.class;");

    @Test
    void everyOperationThatNamesAKernel() throws IOException {
        String device = Files.readString(SOURCES.resolve("CpuDevice.java"));
        String names = Files.readString(SOURCES.resolve("KernelOf.java"));
        Set<String> checked = new TreeSet<>();
        Matcher call = CASE.matcher(device);
        while (call.find()) {
            Matcher kernel = KERNEL.matcher(call.group(2));
            String op = call.group(1);
            // A summand is named where it stands alone.
            if (kernel.find() && !op.startsWith("Accumulate") && !op.equals("MatMul") && checked.add(op)) {
                assertEquals(kernel.group(1), named(names, op), op);
            }
        }
        assertTrue(checked.size() >= 20, checked.toString());
    }

    private static String named(String names, String op) {
        Matcher line = NAMED.matcher(names);
        while (line.find()) {
            for (String one : line.group(1).split(",")) {
                if (one.replace("_", "").strip().equals(op)) {
                    return line.group(2);
                }
            }
        }
        return "none";
    }
}
