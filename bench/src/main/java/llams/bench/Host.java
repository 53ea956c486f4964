package llams.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.trainer.watch.Machine;

/// What figures depend on: processor, caches, instructions, JDK, program, date. A result file has it beside each result.
final class Host {
    /// The key that names the machine.
    static final String PROCESSOR = "processor";
    static final String PROGRAM = "program";
    static final String DATE = "date";
    /// Where figures come from that this program did not write.
    static final String SOURCE = "source";

    private static final Path CPU = Path.of("/sys/devices/system/cpu/cpu0/cache");
    /// Those that decide: the width of vectors; BF16 and bytes multiplied in vectors, and in tiles.
    private static final List<String> INSTRUCTIONS = List.of("avx2", "avx512f", "avx512_bf16", "avx512_vnni",
            "avx_vnni", "amx_bf16", "amx_int8", "asimd", "sve", "bf16");

    private Host() {}

    /// This machine. What the system does not tell is left out.
    ///
    /// @param program the program's version
    static Map<String, String> here(String program) {
        Map<String, String> facts = new LinkedHashMap<>();
        Map<String, String> processor = firstProcessor();
        String name = Machine.processor();
        facts.put(PROCESSOR,
                processor.containsKey("cpu family")
                        ? "%s (family %s, model %s)".formatted(name, processor.get("cpu family"),
                                processor.get("model"))
                        : name);
        facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        put(facts, "caches", caches());
        put(facts, "instructions", instructions(processor));
        facts.put("vectors", Devices.byName("cpu").description().replaceFirst(",.*", ""));
        facts.put("system", Machine.system());
        facts.put("java", Machine.java());
        facts.put(PROGRAM, program);
        facts.put(DATE, LocalDate.now().toString());
        return facts;
    }

    private static void put(Map<String, String> facts, String name, String value) {
        if (!value.isEmpty()) {
            facts.put(name, value);
        }
    }

    /// `/proc/cpuinfo` up to the second processor.
    private static Map<String, String> firstProcessor() {
        Map<String, String> values = new LinkedHashMap<>();
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            lines.takeWhile(line -> !line.isBlank()).map(line -> line.split("\\s*:\\s*", 2)).forEach(pair -> {
                if (pair.length == 2) {
                    values.put(pair[0], pair[1]);
                }
            });
        } catch (IOException _) {
            // Not Linux: nothing more is known.
        }
        return values;
    }

    private static String instructions(Map<String, String> processor) {
        List<String> flags = Arrays
                .asList(processor.getOrDefault("flags", processor.getOrDefault("Features", "")).split(" "));
        return String.join(", ", INSTRUCTIONS.stream().filter(flags::contains).toList());
    }

    /// As `L1 32 KiB, L2 1 MiB, L3 32 MiB`.
    private static String caches() {
        Map<String, String> sizes = new TreeMap<>();
        if (Files.isDirectory(CPU)) {
            try (DirectoryStream<Path> caches = Files.newDirectoryStream(CPU, "index*")) {
                for (Path cache : caches) {
                    if (!read(cache, "type").equals("Instruction")) {
                        sizes.put("L" + read(cache, "level"), size(read(cache, "size")));
                    }
                }
            } catch (IOException _) {
                return "";
            }
        }
        List<String> parts = new ArrayList<>();
        sizes.forEach((level, size) -> parts.add(level + " " + size));
        return String.join(", ", parts);
    }

    private static String read(Path cache, String fact) throws IOException {
        return Files.readString(cache.resolve(fact)).strip();
    }

    /// @param kibibytes as `1024K`
    private static String size(String kibibytes) {
        long count = Long.parseLong(kibibytes.replace("K", ""));
        return count % 1024 == 0
                ? String.format(Locale.ROOT, "%d MiB", count / 1024)
                : String.format(Locale.ROOT, "%d KiB", count);
    }
}
