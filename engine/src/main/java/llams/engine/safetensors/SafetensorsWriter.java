package llams.engine.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.io.AtomicFiles;
import llams.engine.io.NewFiles;
import llams.engine.tensor.Tensor;

/// Writes tensors whose names, types and shapes are known first, one at a time or in parts, so that a model is never in
/// memory as a whole.
///
/// A tensor's place follows from the plan alone, so the tensors may be written in any order. Wide element types come
/// first in each file, which keeps every tensor aligned to its element. All goes to temporary names beside the final
/// ones;
/// [#finish] gives the files their names, and closing without it leaves nothing behind.
///
/// Data is written to the file, never through a mapping: a full disk is an [IOException], not a crash.
public final class SafetensorsWriter implements AutoCloseable {
    /// The shard size of most published models.
    public static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

    private static final class Slot {
        final TensorInfo info;
        final NewFiles.NewFile shard;
        final long begin;
        long written;

        Slot(TensorInfo info, NewFiles.NewFile shard, long begin) {
            this.info = info;
            this.shard = shard;
            this.begin = begin;
        }
    }

    private final Path directory;
    private final NewFiles files;
    private final Map<String, Slot> slots = new LinkedHashMap<>();

    private SafetensorsWriter(Path directory) {
        this.directory = directory;
        files = new NewFiles(directory);
    }

    /// Starts a model in an existing directory: `model.safetensors` if the tensors fit into one shard, otherwise
    /// `model-00001-of-0000N.safetensors` and so on with `model.safetensors.index.json`.
    ///
    /// @param plan          all tensors; it decides which go together into a shard
    /// @param metadata      strings for the header; `format` is set to `pt` unless given, which other readers ask for
    /// @param maxShardBytes most data in one file; a single larger tensor has a file of its own
    /// @throws IOException  if the directory cannot be written to or the disk has not enough room
    public static SafetensorsWriter model(Path directory, List<TensorInfo> plan, Map<String, String> metadata,
            long maxShardBytes) throws IOException {
        List<List<TensorInfo>> groups = split(plan, maxShardBytes);
        Map<Path, List<TensorInfo>> files = new LinkedHashMap<>();
        for (int i = 0; i < groups.size(); i++) {
            String name = groups.size() == 1
                    ? Checkpoint.SINGLE
                    : String.format("model-%05d-of-%05d.safetensors", i + 1, groups.size());
            files.put(directory.resolve(name), groups.get(i));
        }
        return start(directory, files, metadata);
    }

    /// Starts a single file.
    ///
    /// @see #model
    public static SafetensorsWriter file(Path file, List<TensorInfo> plan, Map<String, String> metadata)
            throws IOException {
        return start(file.toAbsolutePath().getParent(), Map.of(file, plan), metadata);
    }

    /// Writes a whole file of tensors in memory.
    public static void writeFile(Path file, Map<String, Tensor> tensors, Map<String, String> metadata)
            throws IOException {
        List<TensorInfo> plan = new ArrayList<>();
        tensors.forEach((name, tensor) -> plan.add(new TensorInfo(name, tensor.dtype(), tensor.shape())));
        try (SafetensorsWriter writer = file(file, plan, metadata)) {
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                writer.write(entry.getKey(), entry.getValue());
            }
            writer.finish();
        }
    }

    private static List<List<TensorInfo>> split(List<TensorInfo> plan, long maxShardBytes) {
        List<List<TensorInfo>> groups = new ArrayList<>();
        groups.add(new ArrayList<>());
        long bytes = 0;
        for (TensorInfo info : plan) {
            if (bytes > 0 && bytes + info.bytes() > maxShardBytes) {
                groups.add(new ArrayList<>());
                bytes = 0;
            }
            groups.getLast().add(info);
            bytes += info.bytes();
        }
        return groups;
    }

    private static SafetensorsWriter start(Path directory, Map<Path, List<TensorInfo>> files,
            Map<String, String> metadata) throws IOException {
        Map<String, String> withFormat = new LinkedHashMap<>(Map.of("format", "pt"));
        withFormat.putAll(metadata);
        SafetensorsWriter writer = new SafetensorsWriter(directory);
        try {
            for (Map.Entry<Path, List<TensorInfo>> file : files.entrySet()) {
                writer.addShard(file.getKey(), file.getValue(), withFormat);
            }
            writer.files.checkRoom(writer.slots.values().stream().mapToLong(slot -> slot.info.bytes()).sum());
            return writer;
        } catch (Throwable e) {
            writer.files.abandon(e);
            throw e;
        }
    }

    private void addShard(Path file, List<TensorInfo> infos, Map<String, String> metadata) throws IOException {
        List<TensorInfo> layout = new ArrayList<>(infos);
        layout.sort(Comparator.comparingInt(info -> -Integer.lowestOneBit(info.dtype().blockBytes)));
        ByteBuffer header = Header.encode(layout, metadata);
        NewFiles.NewFile shard = files.create(file);
        long offset = header.remaining();
        shard.write(header, 0);
        for (TensorInfo info : layout) {
            if (slots.put(info.name(), new Slot(info, shard, offset)) != null) {
                throw new IllegalArgumentException("the plan names \"" + info.name() + "\" twice");
            }
            offset += info.bytes();
        }
    }

    /// Writes a whole tensor.
    ///
    /// @throws IllegalArgumentException if type or shape are not the planned ones
    public void write(String name, Tensor tensor) throws IOException {
        TensorInfo planned = slot(name).info;
        if (planned.dtype() != tensor.dtype() || !planned.shape().equals(tensor.shape())) {
            throw new IllegalArgumentException("\"" + name + "\" is planned as " + planned.form() + ", not "
                    + tensor.dtype() + " " + tensor.shape());
        }
        append(name, tensor.data());
    }

    /// Writes the next bytes of a tensor.
    ///
    /// @throws IllegalArgumentException if that is more than the tensor has
    public void append(String name, MemorySegment part) throws IOException {
        Slot slot = slot(name);
        long total = slot.info.bytes();
        if (part.byteSize() > total - slot.written) {
            throw new IllegalArgumentException("\"" + name + "\" has " + total + " bytes, " + slot.written
                    + " of them written; " + part.byteSize() + " more do not fit");
        }
        slot.shard.write(part, slot.begin + slot.written);
        slot.written += part.byteSize();
    }

    private Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("\"" + name + "\" is not in the plan");
        }
        return slot;
    }

    /// Forces everything to the disk and gives the files their names, the index last.
    ///
    /// @throws IllegalStateException if a planned tensor was not written whole
    public void finish() throws IOException {
        long totalSize = 0;
        Map<String, String> weightMap = new LinkedHashMap<>();
        for (Slot slot : slots.values()) {
            if (slot.written != slot.info.bytes()) {
                throw new IllegalStateException("\"" + slot.info.name() + "\" has " + slot.info.bytes()
                        + " bytes, only " + slot.written + " were written");
            }
            totalSize += slot.written;
            weightMap.put(slot.info.name(), slot.shard.path().getFileName().toString());
        }
        files.publish();
        if (Set.copyOf(weightMap.values()).size() > 1) {
            AtomicFiles.write(directory.resolve(Checkpoint.INDEX), ShardIndex.encode(weightMap, totalSize));
        }
    }

    /// Without [#finish] before it, removes what was written.
    @Override
    public void close() throws IOException {
        files.close();
    }
}
