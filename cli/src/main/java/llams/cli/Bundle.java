package llams.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.io.AtomicFiles;
import llams.trainer.measure.Benchmarks;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/// This program, as it runs here, with a Java of only the modules that it needs.
final class Bundle {
    /// What modules without a descriptor need and cannot say. Jinjava looks for beans, which are in java.desktop.
    private static final List<String> UNSAID = List.of("java.desktop", "java.logging", "jdk.unsupported");
    /// What JMH needs, and its profilers.
    private static final List<String> UNSAID_BY_BENCHMARKS = List.of("java.management", "jdk.management", "jdk.jfr");

    /// TornadoVM.
    ///
    /// @param home  the SDK's directory
    /// @param flags its Java flags, `${TORNADOVM_HOME}` in place of the directory
    record Sdk(Path home, List<String> flags) {
        private static final String MODULES = "--add-modules ";

        static Sdk fromEnvironment() throws IOException {
            String home = System.getenv("TORNADOVM_HOME");
            if (home == null || home.isEmpty()) {
                throw new IllegalArgumentException(
                        "--gpu needs TornadoVM's SDK, but TORNADOVM_HOME is not set; see docs/gpu.md");
            }
            Path flags = Path.of(home, "tornado-argfile.template");
            if (!Files.isReadable(flags)) {
                throw new IllegalArgumentException("TORNADOVM_HOME is " + home
                        + ", which is not a TornadoVM SDK: it has no " + flags.getFileName());
            }
            return new Sdk(Path.of(home), Files.readAllLines(flags));
        }

        Path modules() {
            return home.resolve("share/java/tornado");
        }

        Path compiler() {
            return home.resolve("share/java/graalJars");
        }

        /// The modules that its flags start.
        List<String> roots() {
            return flags.stream()
                    .filter(flag -> flag.startsWith(MODULES))
                    .flatMap(flag -> Stream.of(flag.substring(MODULES.length()).split(",")))
                    .filter(name -> !name.equals("ALL-SYSTEM"))
                    .toList();
        }

        /// One flag a line, each one word, for the bundle's script.
        String flagsThere() {
            StringBuilder text = new StringBuilder();
            for (String flag : flags) {
                // The script says where modules are, and which garbage collector is used.
                if (flag.isBlank() || flag.startsWith("#") || flag.startsWith("--module-path")
                        || flag.matches("-XX:\\+Use\\w+GC")) {
                    continue;
                }
                text.append(
                        flag.strip().replaceFirst("^(--\\S+) +", "$1=").replace("${TORNADOVM_HOME}", "@HERE@/tornado"))
                        .append('\n');
            }
            return text.toString();
        }
    }

    private final Sdk sdk;
    private final List<Path> benchmarks;
    private final Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");

    /// @param sdk        null to leave the GPU device out
    /// @param benchmarks jars of the benchmarks, empty to leave them out
    Bundle(Sdk sdk, List<Path> benchmarks) {
        this.sdk = sdk;
        this.benchmarks = benchmarks;
    }

    /// The jars of the benchmarks that this program was started with: they lie in one directory.
    static List<Path> benchmarks() throws IOException {
        Benchmarks found = ServiceLoader.load(Benchmarks.class).findFirst().orElse(null);
        if (found == null || !Files.isRegularFile(jar(found))) {
            throw new IllegalArgumentException("--bench: this program was started without the jars of the benchmarks;"
                    + " './llams bundle --bench' builds and has them");
        }
        return list(jar(found).getParent());
    }

    private static Path jar(Object part) {
        try {
            return Path.of(part.getClass().getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writes a bundle; the file is there whole or not at all.
    ///
    /// @param level of xz, 1 to 9; 0 to store without compressing
    /// @return its size in bytes
    /// @throws IllegalArgumentException if this Java cannot make one, or the file exists
    long write(Path out, int level, llams.model.files.ByteProgress progress) throws IOException {
        if (Files.exists(out)) {
            throw new IllegalArgumentException(out + " already exists; choose another name or remove it");
        }
        if (!Files.isExecutable(jlink)) {
            throw new IllegalArgumentException("the Java that runs this, " + System.getProperty("java.home")
                    + ", has no jlink to build a smaller one with; use a full JDK");
        }
        Path work = AtomicFiles.temporaryFor(out.toAbsolutePath());
        try {
            Files.createDirectory(work);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(out, e);
        }
        try {
            TreeMap<String, BundleFile> files = new TreeMap<>();
            Set<String> system = new TreeSet<>(UNSAID);
            addProgram(files, system);
            addRuntime(work.resolve("runtime"), system, files);
            Path packed = work.resolve("packed");
            pack(files, packed, level, progress);
            long bytes = Files.size(packed);
            AtomicFiles.replace(packed, out);
            AtomicFiles.forceDirectory(out.toAbsolutePath().getParent());
            return bytes;
        } finally {
            delete(work);
        }
    }

    /// Adds the jars of this program and of TornadoVM, and tells the modules of Java that they need.
    private void addProgram(TreeMap<String, BundleFile> files, Set<String> system) throws IOException {
        Set<String> roots = new LinkedHashSet<>(List.of(Console.class.getPackageName()));
        List<Path> places = new ArrayList<>();
        if (sdk != null) {
            roots.addAll(sdk.roots());
            // The compiler comes first: TornadoVM's replaces Java's own.
            places.addAll(list(sdk.compiler()));
            places.addAll(list(sdk.modules()));
            files.put("gpu/llams-engine-tornado.jar", BundleFile.ofModule(gpuDevice()));
            files.put("gpu/gpu.flags", BundleFile.ofText(resource("gpu.flags"), false));
            files.put("tornado/flags", BundleFile.ofText(sdk.flagsThere(), false));
            for (String kept : List.of("lib", "etc")) {
                addTree(sdk.home().resolve(kept), "tornado/" + kept, files);
            }
            for (Path licence : list(sdk.home())) {
                if (licence.getFileName().toString().startsWith("LICENSE")) {
                    files.put("tornado/" + licence.getFileName(), BundleFile.of(licence));
                }
            }
        }
        places.addAll(ownPath());
        if (sdk != null) {
            // It is no module, and would be taken for one.
            places.remove(gpuDevice());
        }
        places.removeAll(benchmarks);
        for (Path jar : benchmarks) {
            files.put("bench/" + jar.getFileName(), BundleFile.ofModule(jar));
            system.addAll(UNSAID_BY_BENCHMARKS);
        }
        Configuration resolved = Configuration.resolve(ModuleFinder.of(places.toArray(Path[]::new)),
                List.of(Configuration.empty()), ModuleFinder.ofSystem(), roots);
        for (ResolvedModule module : resolved.modules()) {
            ModuleReference reference = module.reference();
            if (reference.location().orElseThrow().getScheme().equals("jrt")) {
                system.add(module.name());
            } else {
                Path jar = Path.of(reference.location().orElseThrow());
                String name = Files.isDirectory(jar) ? module.name() + ".jar" : jar.getFileName().toString();
                files.put(directory(jar) + "/" + name, BundleFile.ofModule(jar));
            }
        }
        files.put("llams", BundleFile.ofText(resource("bundle-launcher.sh"), true));
        for (String flags : List.of("java.flags", "once.flags")) {
            files.put(flags, BundleFile.ofText(resource(flags), false));
        }
    }

    private static String resource(String name) throws IOException {
        try (InputStream text = Bundle.class.getResourceAsStream(name)) {
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String directory(Path jar) {
        if (sdk == null || !jar.startsWith(sdk.home())) {
            return "lib";
        }
        return "tornado/" + sdk.home().relativize(jar.getParent());
    }

    /// Where the running program's modules may be.
    private static List<Path> ownPath() {
        List<Path> path = new ArrayList<>();
        for (String property : List.of("jdk.module.path", "java.class.path")) {
            for (String entry : System.getProperty(property, "").split(System.getProperty("path.separator"))) {
                if (!entry.isEmpty() && Files.exists(Path.of(entry))) {
                    path.add(Path.of(entry).toAbsolutePath());
                }
            }
        }
        return path;
    }

    private static Path gpuDevice() {
        Device gpu = Devices.all()
                .stream()
                .filter(device -> device.name().equals("gpu"))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException(
                        "--gpu: this program was started without the GPU device; start it with TORNADOVM_HOME set"));
        return jar(gpu);
    }

    private void addRuntime(Path runtime, Set<String> modules, TreeMap<String, BundleFile> files) throws IOException {
        // Not compressed: xz does better on the classes themselves.
        ProcessBuilder command = new ProcessBuilder(jlink.toString(), "--add-modules", String.join(",", modules),
                "--strip-debug", "--compress", "zip-0", "--no-man-pages", "--no-header-files", "--output",
                runtime.toString());
        Process process = command.redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (process.waitFor() != 0) {
                throw new IllegalStateException("jlink could not build a Java of " + modules + ": " + said);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while jlink ran", e);
        }
        addTree(runtime, "runtime", files);
    }

    private static void addTree(Path from, String to, TreeMap<String, BundleFile> files) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path file : tree.filter(file -> !Files.isDirectory(file)).toList()) {
                files.put(to + "/" + from.relativize(file), BundleFile.of(file));
            }
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void pack(TreeMap<String, BundleFile> files, Path packed, int level,
            llams.model.files.ByteProgress progress) throws IOException {
        LZMA2Options options = new LZMA2Options(level);
        if (level == 0) {
            options.setMode(LZMA2Options.MODE_UNCOMPRESSED);
        }
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(packed, StandardOpenOption.CREATE_NEW));
                XZOutputStream xz = new XZOutputStream(file, options)) {
            BundleFile.writeAll(files, xz, progress);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            Path[] paths = tree.toArray(Path[]::new);
            for (Path path : Arrays.asList(paths).reversed()) {
                Files.delete(path);
            }
        }
    }
}
