package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.tukaani.xz.LZMA2Options;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;

/// `llams bundle`: this program and the Java that it needs in one file.
@Command(
        name = "bundle",
        description = {"Pack this program with its own Java into one file.",
                "For a machine that has neither. The file holds a directory llams with a script llams, which"
                        + " runs from anywhere on the same operating system and processor architecture."},
        footer = {"", "Examples:", "  llams bundle --out llams.tar.xz",
                "  llams bundle --bench --out llams-bench.tar.xz",
                "  TORNADOVM_HOME=... llams bundle --gpu --out llams-gpu.tar.xz",
                "  tar xf llams.tar.xz && llams/llams devices"})
final class BundleCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Required: a new file, *.tar.xz.")
    Path out;

    @Option(
            names = "--gpu",
            description = "Include the GPU device: TornadoVM's jars and libraries, from TORNADOVM_HOME.")
    boolean gpu;

    @Option(
            names = "--bench",
            description = "Include the benchmarks of 'llams bench', which make the file about 3 MB larger.")
    boolean bench;

    @Option(
            names = "--level",
            paramLabel = "N",
            defaultValue = "6",
            description = "xz compression level, 0 (stored) to 9 (small) (default: ${DEFAULT-VALUE}).")
    int level;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        if (!out.getFileName().toString().endsWith(".tar.xz")) {
            throw new ParameterException(spec.commandLine(), "--out " + out + " must end in .tar.xz");
        }
        if (level < LZMA2Options.PRESET_MIN || level > LZMA2Options.PRESET_MAX) {
            throw new ParameterException(spec.commandLine(), "--level " + level + " must be from 0 to 9");
        }
        if (gpu && bench) {
            throw new ParameterException(spec.commandLine(), "--gpu and --bench cannot be in one bundle; make two");
        }
        Bundle bundle = new Bundle(gpu ? Bundle.Sdk.fromEnvironment() : null, bench ? Bundle.benchmarks() : List.of());
        long bytes;
        try (ByteMeter progress = new ByteMeter(console.err, "packing")) {
            bytes = bundle.write(out, level, progress);
        }
        if (json) {
            console.out.println(JsonNodeFactory.instance.objectNode()
                    .put("out", out.toString())
                    .put("bytes", bytes)
                    .put("gpu", gpu)
                    .put("bench", bench));
        } else {
            console.out.printf(Locale.ROOT, "%s: %s; there: tar xf %s && llams/llams devices%n", out,
                    MachineMemory.text(bytes), Shell.quoted(out.getFileName().toString()));
        }
        return Console.DONE;
    }
}
