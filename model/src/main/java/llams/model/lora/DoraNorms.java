package llams.model.lora;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.RowNorm;
import llams.engine.graph.Value;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Linear;
import llams.engine.llama.LoraLinear;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The lengths of the rows of `W + scale B A`: what new magnitudes begin with, and what an adapter that does not change
/// need not compute again in every pass.
public final class DoraNorms {
    private static final String NORM = ".norm";

    private DoraNorms() {}

    /// The name of a module's row lengths among the tensors of an adapter in use.
    static String name(String module) {
        return Adapter.magnitude(module) + NORM;
    }

    /// An adapter with the row lengths beside its matrices; the same where it has no use for them.
    ///
    /// @param base the base's weights by leaf name
    public static Adapter in(Arena arena, Adapter adapter, LlamaConfig model, Map<String, Tensor> base) {
        if (!adapter.layout().form().dora()) {
            return adapter;
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(adapter.tensors());
        of(arena, adapter.layout(), adapter.tensors(), model, base)
                .forEach((module, norm) -> tensors.put(name(module), norm));
        return new Adapter(adapter.layout(), tensors, adapter.base(), adapter.notes());
    }

    /// F32 `[out]` of each module.
    ///
    /// @param tensors A and B of every module
    static Map<String, Tensor> of(Arena arena, LoraLayout layout, Map<String, Tensor> tensors, LlamaConfig model,
            Map<String, Tensor> base) {
        Map<String, Tensor> resident = new LinkedHashMap<>();
        Map<String, Value> outputs = new LinkedHashMap<>();
        Graph g = new Graph();
        layout.parts().forEach((module, part) -> {
            Leaf weight = leaf(Adapter.weightName(module), base, resident);
            Leaf a = leaf(Adapter.nameA(module), tensors, resident);
            Leaf b = leaf(Adapter.nameB(module), tensors, resident);
            Value sum = new LoraLinear(new Linear(weight), a, b, part.scale(), 0, 0).weight(g);
            outputs.put(module, g.record(new RowNorm(), sum));
        });
        Map<String, Tensor> norms = new LinkedHashMap<>();
        // The processor reads weights of every type where they are.
        Device device = Devices.byName("cpu");
        try (Session session = device.open(resident)) {
            Executable program = session.compile(Program.of(g, outputs));
            program.run();
            for (String module : outputs.keySet()) {
                Tensor norm = Tensor.allocate(arena, DType.F32, Shape.of(Modules.shape(module, model).dim(0)));
                norm.data().copyFrom(program.output(module).data());
                norms.put(module, norm);
            }
        }
        return norms;
    }

    private static Leaf leaf(String name, Map<String, Tensor> from, Map<String, Tensor> resident) {
        Tensor tensor = from.get(name);
        resident.put(name, tensor);
        return Leaf.weight(name, tensor.dtype(), tensor.shape().dims());
    }
}
