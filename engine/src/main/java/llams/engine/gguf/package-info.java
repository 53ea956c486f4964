/// Models as GGUF files, the format of llama.cpp. Read `GgufFile` first.
///
/// | file | what it does |
/// |---|---|
/// | `GgufFile` | an open file: metadata, and tensors by name |
/// | `GgufParser` | checks all that stands before the data |
/// | `GgufMetadata`, `GgufValue` | keys and their values |
/// | `GgmlTypes` | the numbers of the tensors' types |
/// | `GgufNames` | names and order of rows, against those of a checkpoint |
/// | `GgufConfig`, `RopeDivisors` | sizes and constants of a Llama model |
/// | `RowEncoder`, `KQuantizer` | floats to the types of a file, as GGML does it |
/// | `GgufWriter` | writes tensor by tensor, so that a model need not fit into memory |
/// | `GgufException` | a file that is not what it claims to be |
package llams.engine.gguf;
