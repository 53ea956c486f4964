package llams.engine.generate;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Tensor;

/// The named values on the way to a model's scores, for study and for comparing with other implementations, all F32:
///
/// | name | shape | |
/// |---|---|---|
/// | `embedding` | `[tokens, dim]` | the rows of the embedding |
/// | `layers.N.attention_norm` | `[tokens, dim]` | what attention reads |
/// | `layers.N.q`, `.k` | `[tokens, heads * headDim]`, `[tokens, kvHeads * headDim]` | queries and keys, rotated |
/// | `layers.N.v` | `[tokens, kvHeads * headDim]` | values |
/// | `layers.N.attention` | `[tokens, heads * headDim]` | values mixed by attention |
/// | `layers.N.o` | `[tokens, dim]` | what attention adds to the residual stream |
/// | `layers.N.ffn_norm` | `[tokens, dim]` | what the feed-forward block reads |
/// | `layers.N.gate`, `.up` | `[tokens, hiddenDim]` | before SwiGLU |
/// | `layers.N.down` | `[tokens, dim]` | what the feed-forward block adds to the residual stream |
/// | `layers.N.out` | `[tokens, dim]` | the residual stream after the block |
/// | `hidden` | `[tokens, dim]` | after the final norm |
/// | `logits` | `[tokens, vocab]` | |
///
/// Attention scores are not among them: no device stores them. They are `q k^T / sqrt(headDim)`.
public final class Taps {
    private Taps() {}

    /// Runs one pass without a cache and writes every [Graph#taps] of it, and `logits` `[tokens, vocab]`, as tensors of
    /// a safetensors file. All of them are in memory at once.
    ///
    /// @param weights the model's tensors by leaf name
    /// @return the tensors' names, in the order in which they are computed
    /// @throws IOException if the file cannot be written
    public static List<String> write(Device device, Llama model, Map<String, Tensor> weights, int[] ids, Path file)
            throws IOException {
        Graph g = new Graph();
        Value hidden = model.forward(g, Sequence.ids(ids.length),
                Sequence.of(model.config(), ids.length, ids.length, ids.length), null);
        Map<String, Value> outputs = new LinkedHashMap<>(g.taps());
        outputs.put("logits", model.logits(g, hidden));
        Map<String, Tensor> resident = new LinkedHashMap<>(weights);
        try (Arena arena = Arena.ofShared()) {
            resident.put(RopeTable.NAME, RopeTable.create(arena, model.config(), ids.length));
            try (Session session = device.open(resident)) {
                Executable pass = session.compile(Program.of(g, outputs));
                Sequence.fill(pass, ids, 0);
                pass.run();
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                outputs.keySet().forEach(name -> tensors.put(name, pass.output(name)));
                SafetensorsWriter.writeFile(file, tensors, Map.of());
            }
        }
        return new ArrayList<>(outputs.keySet());
    }
}
