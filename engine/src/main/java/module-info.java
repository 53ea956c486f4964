/// The tensor engine: checkpoints, graphs with gradients, devices, and the Llama model on top of them.
module llams.engine {
    requires jdk.incubator.vector;
    requires jdk.management;
    requires tools.jackson.databind;

    exports llams.engine.gguf;
    exports llams.engine.io;
    exports llams.engine.pth;
    exports llams.engine.safetensors;
    exports llams.engine.tensor;
    exports llams.engine.graph;
    exports llams.engine.plan;
    exports llams.engine.preference;
    exports llams.engine.device;
    exports llams.engine.generate;
    exports llams.engine.llama;
    exports llams.engine.weights;

    uses llams.engine.device.Device;

    provides llams.engine.device.Device with llams.engine.cpu.CpuDevice, llams.engine.reference.ReferenceDevice;
}
