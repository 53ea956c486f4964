package llams.model.lora;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;

/// How an adapter's tensors stand in PEFT's files: as in memory, but that the table's A is turned, and that copies of
/// other tensors stand beside them.
record AdapterTensors(LoraLayout layout, LlamaConfig model) {
    private static final String BASE = ".base_layer.weight";
    /// How many numbers of a copy are compared with the base's.
    private static final int COMPARED = 4096;

    /// The tensors that make the adapter, with their shapes in files.
    Map<String, Shape> stored() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Adapter.shapes(layout, model)
                .forEach((name, shape) -> shapes.put(name, isTurned(name) ? turned(shape) : shape));
        return shapes;
    }

    private static boolean isTurned(String name) {
        return name.endsWith(Adapter.TOKENS_A);
    }

    private static Shape turned(Shape shape) {
        return Shape.of(shape.dim(1), shape.dim(0));
    }

    /// What PEFT writes beside them, with its shapes: the base's own table and head under an adapter, and what a head has
    /// that follows the table.
    Map<String, Shape> beside() {
        Map<String, Shape> beside = new LinkedHashMap<>();
        for (String module : Modules.ENDS) {
            if (layout.part(module) != null || isFollowing()) {
                beside.put(Adapter.PREFIX + module + BASE, Modules.shape(module, model));
            }
        }
        LoraLayout.Part tokens = layout.part(Modules.EMBEDDING);
        if (isFollowing() && tokens != null) {
            beside.put(Adapter.nameA(Modules.HEAD), Shape.of(tokens.rank(), model.dim()));
            beside.put(Adapter.nameB(Modules.HEAD), Shape.of(model.vocab(), tokens.rank()));
        } else if (isFollowing()) {
            beside.put(Adapter.whole(Modules.HEAD), Modules.shape(Modules.HEAD, model));
        }
        return beside;
    }

    private boolean isFollowing() {
        return layout.form().tying()
                && (layout.part(Modules.EMBEDDING) != null || layout.form().saved().contains(Modules.EMBEDDING));
    }

    /// A sample of each copy of the base's weights is compared: an adapter for another table would add to the wrong one.
    ///
    /// @throws IOException if one differs
    void checkCopies(SafetensorsFile file, LlamaWeights base) throws IOException {
        for (String module : Modules.ENDS) {
            String name = Adapter.PREFIX + module + BASE;
            if (!file.entries().containsKey(name)) {
                continue;
            }
            Tensor copy = file.tensor(name);
            Tensor own = base.resident().get(Adapter.source(module, model));
            if (own.dtype().isQuantized()) {
                own = base.checkpoint.tensor(Adapter.source(module, model));
                if (own.dtype().isQuantized() || !own.dtype().isWeight()) {
                    // Stored so: what it was before is not known.
                    continue;
                }
            }
            long step = Math.max(1, copy.elements() / COMPARED);
            boolean isNarrow = copy.dtype() != own.dtype();
            for (long i = 0; i < copy.elements(); i += step) {
                float is = copy.getFloat(i);
                float wanted = own.getFloat(i);
                if (Math.abs(is - wanted) > (isNarrow ? 0x1p-7f * Math.abs(wanted) + 0x1p-20f : 0)) {
                    throw new IOException(file.path + ": \"" + name + "\" is not what " + base.directory
                            + " has: this adapter is for another model");
                }
            }
        }
    }

    /// A stored tensor as it is in memory, F32.
    Tensor read(Arena arena, String name, Tensor stored) {
        return isTurned(name) ? Adapter.turned(arena, stored) : widened(arena, stored);
    }

    private static Tensor widened(Arena arena, Tensor tensor) {
        Tensor wide = Tensor.allocate(arena, DType.F32, tensor.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            wide.setFloat(i, tensor.getFloat(i));
        }
        return wide;
    }

    /// The tensors of a file, from those in memory.
    Map<String, Tensor> written(Arena arena, Map<String, Tensor> own) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        own.forEach((name, tensor) -> all.put(name, isTurned(name) ? Adapter.turned(arena, tensor) : tensor));
        if (isFollowing()) {
            Tensor b = own.get(Adapter.nameB(Modules.EMBEDDING));
            if (b == null) {
                all.put(Adapter.whole(Modules.HEAD), own.get(Adapter.whole(Modules.EMBEDDING)));
            } else {
                all.put(Adapter.nameA(Modules.HEAD), Adapter.turned(arena, b));
                all.put(Adapter.nameB(Modules.HEAD), own.get(Adapter.nameA(Modules.EMBEDDING)));
            }
        }
        return all;
    }
}
