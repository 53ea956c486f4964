package llams.engine.tornado.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Ref;

/// Copies weights and state to the device, in as few blocks as possible.
final class ResidentUpload {
    private final Map<String, Tensor> resident;
    private final Launcher launcher;
    private final long limit;
    private final MemorySegment zeros;
    private final Map<String, Ref> leaves = new HashMap<>();

    private ResidentUpload(Map<String, Tensor> resident, Launcher launcher, long limit, Arena arena) {
        this.resident = resident;
        this.launcher = launcher;
        this.limit = limit;
        zeros = arena.allocate((long) DeviceBlock.ALIGNMENT * Integer.BYTES);
    }

    /// Where each tensor lies.
    ///
    /// @param limit elements of a block that holds more than one tensor, at most
    /// @throws IllegalArgumentException if the device does not take a tensor's type
    static Map<String, Ref> of(Map<String, Tensor> resident, Launcher launcher, long limit) {
        try (Arena arena = Arena.ofConfined()) {
            ResidentUpload upload = new ResidentUpload(resident, launcher, limit, arena);
            upload.place(DeviceBlock.Kind.FLOATS);
            upload.place(DeviceBlock.Kind.SHORTS);
            return upload.leaves;
        }
    }

    private static DeviceBlock.Kind kind(String name, DType dtype) {
        return switch (dtype) {
            case F32 -> DeviceBlock.Kind.FLOATS;
            // A block of Q8_0 is a 16-bit scale and 32 bytes: 17 shorts.
            case BF16, F16, Q8_0 -> DeviceBlock.Kind.SHORTS;
            default -> throw new IllegalArgumentException("gpu: \"" + name + "\" is " + dtype
                    + "; this device takes F32, BF16, F16 and Q8_0; use --device cpu");
        };
    }

    /// Places every resident tensor of a kind and copies it there. Tensors whose names differ only in a number, as the
    /// layers' do, share a block where they fit: so layers look alike and share graphs.
    private void place(DeviceBlock.Kind kind) {
        Map<String, Map<String, Tensor>> alike = new TreeMap<>();
        new TreeMap<>(resident).forEach((name, tensor) -> {
            if (kind(name, tensor.dtype()) == kind) {
                alike.computeIfAbsent(name.replaceAll("\\d+", "#"), pattern -> new LinkedHashMap<>()).put(name, tensor);
            }
        });
        Group group = new Group(kind);
        for (Map<String, Tensor> tensors : alike.values()) {
            long all = tensors.values().stream().mapToLong(tensor -> stored(tensor, kind)).sum();
            group.makeRoom(all);
            tensors.forEach((name, tensor) -> {
                group.makeRoom(stored(tensor, kind));
                group.add(name, tensor);
            });
        }
        group.upload();
    }

    /// Tensors that will form one block.
    private final class Group {
        final DeviceBlock.Kind kind;
        final Map<String, Tensor> tensors = new LinkedHashMap<>();
        long elements;

        Group(DeviceBlock.Kind kind) {
            this.kind = kind;
        }

        /// Starts a new block if this one has no room for that many more elements.
        void makeRoom(long more) {
            if (elements + more > limit) {
                upload();
            }
        }

        void add(String name, Tensor tensor) {
            tensors.put(name, tensor);
            elements += stored(tensor, kind);
        }

        void upload() {
            if (tensors.isEmpty()) {
                return;
            }
            DeviceBlock block = launcher.allocate(kind, elements);
            long offset = 0;
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                MemorySegment data = entry.getValue().data();
                launcher.write(data, block, offset);
                leaves.put(entry.getKey(), new Ref(block, Math.toIntExact(offset)));
                long behind = offset + data.byteSize() / kind.bytes;
                offset += stored(entry.getValue(), kind);
                if (behind < offset) {
                    // Launches over many adjacent tensors run across the padding.
                    launcher.write(zeros.asSlice(0, (offset - behind) * kind.bytes), block, behind);
                }
            }
            tensors.clear();
            elements = 0;
        }
    }

    /// The elements that a tensor takes in a block.
    private static long stored(Tensor tensor, DeviceBlock.Kind kind) {
        return DeviceBlock.aligned(tensor.data().byteSize() / kind.bytes);
    }
}
