package llams.engine.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.gguf.GgufFile;
import llams.engine.weights.NotAModelException.Next;

/// Checks by the names of its files, before any is read, that a path is a model's directory, and recognizes what is
/// given by mistake.
public final class ModelDirectory {
    private static final String WANTED = "a model is a directory with config.json and model.safetensors";
    private static final String PICKLE = "PyTorch files, which this program does not run; in Python,"
            + " AutoModelForCausalLM.from_pretrained(OLD).save_pretrained(NEW) of transformers writes safetensors";
    private static final int SHOWN = 4;

    private final Path path;
    /// Names in the directory, in order.
    private final List<String> names = new ArrayList<>();

    private ModelDirectory(Path path) {
        this.path = path;
    }

    /// @throws NotAModelException if something other than a model's directory is there; says what
    public static void check(Path path) throws IOException {
        ModelDirectory directory = new ModelDirectory(path);
        if (!Files.exists(path)) {
            throw directory.missing();
        }
        if (!Files.isDirectory(path)) {
            throw directory.file();
        }
        try (Stream<Path> children = Files.list(path)) {
            children.map(child -> child.getFileName().toString()).sorted().forEach(directory.names::add);
        }
        if (!directory.names.contains("config.json")) {
            throw directory.withoutConfig();
        }
        if (!directory.has(".*\\.safetensors(\\.index\\.json)?")) {
            throw directory.withoutWeights();
        }
    }

    private NotAModelException missing() {
        String name = path.toString();
        boolean isHubName = name.matches("\\w[\\w.-]*/\\w[\\w.-]*") && !Files.exists(path.getParent());
        if (!isHubName) {
            return is("no such directory; " + WANTED);
        }
        Path here = Path.of(name.substring(name.indexOf('/') + 1));
        return Files.exists(here.resolve("config.json"))
                ? is("no such directory", Next.GIVE, here.toString())
                : is("no such directory, but it may be the name of a model on the hub", Next.DOWNLOAD, name);
    }

    private NotAModelException file() throws IOException {
        String name = path.getFileName().toString();
        if (!Files.isRegularFile(path)) {
            return is("neither a directory nor a regular file; " + WANTED);
        }
        if (GgufFile.is(path)) {
            return gguf("a GGUF file");
        }
        if (name.matches(".*\\.(bin|pth|pt|ckpt)")) {
            return is("one of the " + PICKLE);
        }
        if (name.matches(".*\\.(zip|tar|tgz|gz|xz|bz2|zst|7z)")) {
            return is("an archive; unpack it and give the directory in it");
        }
        Path parent = path.toAbsolutePath().getParent();
        boolean isOfModel = name.equals("config.json") || name.endsWith(".safetensors") || name.endsWith(".index.json");
        if (isOfModel && Files.exists(parent.resolve("config.json"))) {
            return is("a file of a model, not its directory", Next.GIVE,
                    path.getParent() == null ? "." : path.getParent().toString());
        }
        return is("a file; " + WANTED);
    }

    private NotAModelException withoutConfig() throws IOException {
        if (names.contains("adapter_config.json")) {
            return is("a LoRA adapter, not a model", Next.GIVE_BASE_AND_ADAPTER, "");
        }
        List<Path> within = within();
        if (!within.isEmpty()) {
            return is(names.contains("snapshots")
                    ? "the directory of a hub's cache"
                    : "not a model, but there is one in it", Next.GIVE, within.getFirst().toString());
        }
        if (names.contains("snapshots")) {
            return is("the directory of a hub's cache, without a complete model in it; download it again");
        }
        if (has(".*\\.gguf")) {
            return gguf("holds GGUF files");
        }
        if (has("consolidated\\..*|params\\.json")) {
            return is(
                    "a model in Meta's own form; 'llams import pth' makes a model of it, and the model's page on the hub"
                            + " has it as safetensors with config.json: 'llams download meta-llama/...' gets them");
        }
        if (names.isEmpty()) {
            return is("is empty; " + WANTED);
        }
        if (names.contains("train.jsonl")) {
            return is("a training run without a result yet; the same 'train' command with `resume` finishes it");
        }
        if (has(".*\\.safetensors")) {
            return new NotAModelException(path.resolve("config.json") + ": there is no such file beside the"
                    + " weights; put the model's there", Next.NONE, "");
        }
        if (has("tokenizer.*")) {
            return is("has a tokenizer but neither config.json nor weights; " + WANTED);
        }
        String more = names.size() > SHOWN ? ", ..." : "";
        return is("has no config.json, only " + String.join(", ", names.subList(0, Math.min(SHOWN, names.size())))
                + more + "; " + WANTED);
    }

    private NotAModelException withoutWeights() {
        if (has(".*\\.gguf")) {
            return gguf("holds GGUF files");
        }
        if (has(".*\\.(bin|pth|pt|ckpt)")) {
            return is("its weights are " + PICKLE);
        }
        if (has(".*\\.incomplete.*|\\.llams-download\\.json|.*\\.part|.*\\.crdownload")) {
            return is("has config.json but no weights: the download is incomplete; repeat the same 'download' command"
                    + " to resume it");
        }
        return is("has config.json but no weights: neither model.safetensors nor model.safetensors.index.json; copy"
                + " or download them");
    }

    private NotAModelException gguf(String what) {
        return is(what
                + ", not a model's directory; generating, evaluating and training an adapter take such a file as it"
                + " is, and 'llams import gguf' makes a directory of it for all else");
    }

    /// Models one level below; in a hub's cache, the snapshot that its main branch names comes first.
    private List<Path> within() throws IOException {
        Path place = names.contains("snapshots") ? path.resolve("snapshots") : path;
        List<Path> found = new ArrayList<>();
        try (Stream<Path> children = Files.list(place)) {
            children.filter(child -> Files.exists(child.resolve("config.json"))).sorted().forEach(found::add);
        }
        Path main = path.resolve("refs/main");
        Path named = Files.isRegularFile(main) ? place.resolve(Files.readString(main).strip()) : place;
        if (found.remove(named)) {
            found.addFirst(named);
        }
        return found;
    }

    private boolean has(String pattern) {
        return names.stream().anyMatch(name -> name.matches(pattern));
    }

    private NotAModelException is(String what) {
        return is(what, Next.NONE, "");
    }

    private NotAModelException is(String what, Next next, String instead) {
        return new NotAModelException(path + ": " + what, next, instead);
    }
}
