/// A model directory: its config and its weights as stored, mapped, quantized. Read `LlamaWeights` first.
///
/// | file | what it does |
/// |---|---|
/// | `LlamaWeights` | an opened directory |
/// | `WeightLeaves` | its weights as a model's leaves, each checked for its shape and type |
/// | `ModelDirectory`, `NotAModelException` | recognizes what is not a model, and says what to give instead |
/// | `UnusedTensors` | what a checkpoint has and the model does not use |
/// | `WatchedDevice` | notices weights that change during a run |
/// | `ConfigJson`, `JsonFields` | `config.json`, read, checked and written |
/// | `SamplingDefaults` | `generation_config.json` |
/// | `Quantization` | how Q8_0 and NF4 lie in a safetensors file |
/// | `KnownShapes` | the published models |
package llams.engine.weights;
