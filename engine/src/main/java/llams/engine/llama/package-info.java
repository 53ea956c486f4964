/// Llama 3 as layers of symbolic values, without file formats and devices. Read `Llama`, `Block`, `SelfAttention` and
/// `FeedForward`, in this order.
///
/// | file | what it does |
/// |---|---|
/// | `Llama`, `Block`, `SelfAttention`, `FeedForward` | the model |
/// | `Projection`, `Linear`, `LoraLinear`, `DoraLinear` | a linear layer, with or without an adapter |
/// | `TokenTable`, `LoraTable`, `NoisyTable`; `Head`, `TiedLora` | the two ends: vectors of tokens, and their scores |
/// | `ScaledDifference` | one with a chat vector of its own strength |
/// | `ProjectionName` | the seven of a block, by name and shape |
/// | `LlamaConfig` | sizes and constants |
/// | `Parameters` | where the leaves come from |
/// | `Sequence`, `Wanted`, `Pass` | where tokens stand, which are wanted, and how they pass through a block |
/// | `KvCache` | keys and values of earlier tokens |
/// | `RopeTable` | the angles of rotary positions |
package llams.engine.llama;
