package llams.trainer.watch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// What the machine says of itself.
public final class Machine {
    private Machine() {}

    /// The processor's name; its architecture where the system does not tell.
    public static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException _) {
            return System.getProperty("os.arch");
        }
    }

    public static String system() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + System.getProperty("os.arch");
    }

    public static String java() {
        return System.getProperty("java.vm.name") + " " + Runtime.version();
    }

    /// Bytes of this process that are in memory, mapped files included; NaN where the system does not tell.
    public static double residentBytes() {
        return status("VmRSS");
    }

    /// The most that [#residentBytes] was so far.
    public static double peakBytes() {
        return status("VmHWM");
    }

    /// Bytes of this process that are in memory and belong to no file.
    public static double anonymousBytes() {
        return status("RssAnon");
    }

    /// Bytes of this process that are in memory and belong to mapped files.
    public static double mappedBytes() {
        return status("RssFile");
    }

    private static double status(String name) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith(name + ":"))
                    .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024.0)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException _) {
            return Double.NaN;
        }
    }
}
