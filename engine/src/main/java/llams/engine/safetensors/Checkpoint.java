package llams.engine.safetensors;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// All tensors of a model by name, wherever they lie: in `model.safetensors`, in shards that
/// `model.safetensors.index.json` lists, or in a single `.safetensors` file of any name.
///
/// Opening checks every header and that index and shards agree. No data is read before it is used.
public final class Checkpoint implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /// The directory or file as given to [#open].
    public final Path path;
    /// The weight files, in the order of their names in the index.
    public final List<TensorFile> files;
    private final Map<String, TensorFile> owners;
    private final Map<String, TensorInfo> infos;
    private final Map<String, String> metadata;

    private Checkpoint(Path path, List<? extends TensorFile> files) {
        this.path = path;
        this.files = List.copyOf(files);
        owners = new LinkedHashMap<>();
        infos = new LinkedHashMap<>();
        metadata = new LinkedHashMap<>();
        for (TensorFile file : files) {
            for (TensorInfo info : file.infos()) {
                owners.put(info.name(), file);
                infos.put(info.name(), info);
            }
            file.metadata().forEach(metadata::putIfAbsent);
        }
    }

    /// The tensors of one file of another format, which is closed with this.
    public static Checkpoint of(Path path, TensorFile file) {
        return new Checkpoint(path, List.of(file));
    }

    /// Opens a model directory, an index or a single `.safetensors` file.
    ///
    /// @throws SafetensorsException if there is none, or a file is not what it says it is
    public static Checkpoint open(Path directoryOrFile) throws IOException {
        return open(directoryOrFile, SafetensorsFile::open);
    }

    /// The same with all data read into memory, so that nothing that happens to the files later matters.
    ///
    /// @throws SafetensorsException as [#open(Path)]
    public static Checkpoint openCopy(Path directoryOrFile) throws IOException {
        return open(directoryOrFile, SafetensorsFile::openCopy);
    }

    private interface Opening {
        SafetensorsFile open(Path file) throws IOException;
    }

    private static Checkpoint open(Path directoryOrFile, Opening opening) throws IOException {
        if (!Files.isDirectory(directoryOrFile)) {
            if (directoryOrFile.toString().endsWith(".index.json")) {
                return sharded(directoryOrFile, directoryOrFile, opening);
            }
            refuseOtherFormats(directoryOrFile);
            return new Checkpoint(directoryOrFile, List.of(opening.open(directoryOrFile)));
        }
        Path single = directoryOrFile.resolve(SINGLE);
        if (Files.exists(single)) {
            return new Checkpoint(directoryOrFile, List.of(opening.open(single)));
        }
        Path index = directoryOrFile.resolve(INDEX);
        if (Files.exists(index)) {
            return sharded(directoryOrFile, index, opening);
        }
        throw noWeights(directoryOrFile);
    }

    private static void refuseOtherFormats(Path file) throws SafetensorsException {
        String name = file.toString();
        if (name.endsWith(".bin") || name.endsWith(".pth") || name.endsWith(".pt") || name.endsWith(".ckpt")) {
            throw new SafetensorsException(file,
                    "is a Python pickle, which this program does not run; use the safetensors files of the model");
        }
        if (name.endsWith(".gguf")) {
            throw new SafetensorsException(file, "is a GGUF file; use the safetensors files of the model");
        }
    }

    private static SafetensorsException noWeights(Path directory) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, "*.{safetensors,bin,pth,pt,gguf}")) {
            children.forEach(child -> found.add(child.getFileName().toString()));
        }
        Collections.sort(found);
        String wanted = "has neither " + SINGLE + " nor " + INDEX;
        if (found.isEmpty()) {
            return new SafetensorsException(directory, wanted);
        }
        if (found.contains("adapter_model.safetensors")) {
            return new SafetensorsException(directory,
                    wanted + "; it holds an adapter, which needs its base model beside it");
        }
        String listed = found.size() > 6 ? String.join(", ", found.subList(0, 6)) + ", ..." : String.join(", ", found);
        return new SafetensorsException(directory, wanted + ", only " + listed);
    }

    private static Checkpoint sharded(Path path, Path index, Opening opening) throws IOException {
        Map<String, String> weightMap = ShardIndex.read(index);
        Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
        try {
            for (String shard : weightMap.values()) {
                if (!shards.containsKey(shard)) {
                    Path file = index.resolveSibling(shard);
                    if (!Files.exists(file)) {
                        throw new SafetensorsException(index, "names the shard " + shard
                                + ", which is not there; the download is probably incomplete");
                    }
                    shards.put(shard, opening.open(file));
                }
            }
            checkAgreement(index, weightMap, shards);
            return new Checkpoint(path, new ArrayList<>(shards.values()));
        } catch (Throwable e) {
            closeAll(shards.values(), e);
            throw e;
        }
    }

    private static void checkAgreement(Path index, Map<String, String> weightMap, Map<String, SafetensorsFile> shards)
            throws SafetensorsException {
        Map<String, String> seen = new LinkedHashMap<>();
        for (Map.Entry<String, SafetensorsFile> shard : shards.entrySet()) {
            for (String name : shard.getValue().entries().keySet()) {
                String other = seen.put(name, shard.getKey());
                if (other != null) {
                    throw new SafetensorsException(index,
                            "\"" + name + "\" is in two shards, " + other + " and " + shard.getKey());
                }
            }
        }
        for (Map.Entry<String, String> entry : weightMap.entrySet()) {
            String actual = seen.remove(entry.getKey());
            if (!entry.getValue().equals(actual)) {
                throw new SafetensorsException(index, "says that \"" + entry.getKey() + "\" is in " + entry.getValue()
                        + ", but it is in " + (actual == null ? "no shard" : actual));
            }
        }
        for (Map.Entry<String, String> left : seen.entrySet()) {
            throw new SafetensorsException(index,
                    "does not name \"" + left.getKey() + "\", which is in " + left.getValue());
        }
    }

    private static void closeAll(Iterable<? extends TensorFile> files, Throwable reason) {
        for (TensorFile file : files) {
            try {
                file.close();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
        }
    }

    /// All tensors' names: shard by shard, in the order of the data.
    public Set<String> names() {
        return Collections.unmodifiableSet(owners.keySet());
    }

    public boolean has(String name) {
        return owners.containsKey(name);
    }

    /// Type and shape, without touching the data.
    ///
    /// @throws SafetensorsException if there is no such tensor
    public TensorInfo info(String name) throws SafetensorsException {
        owner(name);
        return infos.get(name);
    }

    /// @throws SafetensorsException if there is no such tensor
    public DType dtype(String name) throws SafetensorsException {
        return info(name).dtype();
    }

    /// @throws SafetensorsException if there is no such tensor
    public Shape shape(String name) throws SafetensorsException {
        return info(name).shape();
    }

    /// A view of the mapped data, valid until the checkpoint is closed.
    ///
    /// @throws SafetensorsException if there is no such tensor
    public Tensor tensor(String name) throws SafetensorsException {
        return owner(name).tensor(name);
    }

    private TensorFile owner(String name) throws SafetensorsException {
        TensorFile owner = owners.get(name);
        if (owner == null) {
            throw new SafetensorsException(path, "there is no tensor \"" + name + "\" among the " + owners.size());
        }
        return owner;
    }

    /// The `__metadata__` of all files together.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /// Length of all tensors' data.
    public long bytes() {
        long bytes = 0;
        for (TensorInfo info : infos.values()) {
            bytes += info.bytes();
        }
        return bytes;
    }

    /// As [TensorFile#verifyUnchanged], for each file.
    public void verifyUnchanged() throws IOException {
        for (TensorFile file : files) {
            file.verifyUnchanged();
        }
    }

    @Override
    public void close() throws IOException {
        IOException failure = new IOException(path + ": could not be closed");
        closeAll(files, failure);
        if (failure.getSuppressed().length > 0) {
            throw failure;
        }
    }
}
