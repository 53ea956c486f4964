/// Checkpoints as safetensors files. Read `Checkpoint` first.
///
/// | file | what it does |
/// |---|---|
/// | `Checkpoint` | all tensors of a model by name, from one file or several |
/// | `SafetensorsFile` | one file, mapped or copied |
/// | `Header`, `HeaderParser`, `TensorInfo` | the JSON header, checked before a byte of data is trusted |
/// | `ShardIndex` | which shard holds which tensor |
/// | `SafetensorsWriter` | writes tensor by tensor, so that a model need not fit into memory |
/// | `SafetensorsException` | a file that is not what it claims to be |
package llams.engine.safetensors;
