package llams.trainer.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A model of which only the last rows of embedding and head are trained. The programs of forward and backward know the
/// whole tables; the optimizer's knows leaves that are their last rows, in the same memory. So gradients exist for whole
/// tables, moments and saves for the trained rows alone, and the first rows keep every bit.
///
/// @param trained last rows of `tables`, in their order
/// @param tables  embedding, and head if it is not the embedding
record LastRows(Llama model, List<Leaf> trained, List<Leaf> tables) {
    /// @param frozen all other leaves
    /// @param first  the first row that is trained
    static LastRows of(LlamaConfig config, Parameters frozen, long first) {
        Map<String, Leaf> tables = new LinkedHashMap<>();
        Llama model = Llama.of(config,
                (name, dims) -> name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD)
                        ? tables.computeIfAbsent(name, key -> Leaf.state(key, DType.F32, dims))
                        : frozen.leaf(name, dims),
                Llama.Wrap.NONE);
        List<Leaf> trained = new ArrayList<>();
        for (Leaf table : tables.values()) {
            trained.add(Leaf.state(table.name() + "[" + first + ":]", DType.F32, config.vocab() - first, config.dim()));
        }
        return new LastRows(model, List.copyOf(trained), List.copyOf(tables.values()));
    }

    /// The last rows of a tensor, in its memory.
    static Tensor of(Tensor table, Shape shape) {
        long bytes = table.dtype().bytes(shape.elements());
        return new Tensor(table.dtype(), shape, table.data().asSlice(table.data().byteSize() - bytes, bytes));
    }

    /// @throws IllegalArgumentException if leaves are parts of others, and the session has copied them
    static void check(List<Leaf> trained, List<Leaf> tables, Map<String, Tensor> resident, Session session) {
        for (Leaf table : tables) {
            if (!trained.contains(table)
                    && session.read(table.name()).data().address() != resident.get(table.name()).data().address()) {
                throw new IllegalArgumentException("rows of a table are trained in its own memory, and this device has"
                        + " a memory of its own; train on the device cpu");
            }
        }
    }
}
