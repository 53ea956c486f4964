/// Adapters made from models: the difference of two models as a LoRA adapter.
///
/// | file | what it does |
/// |---|---|
/// | [AdapterExtraction] | the adapter of every projection, written as PEFT has it |
/// | `Difference` | `tuned - base` of one projection, multiplied without being kept |
/// | `LowRank` | its truncated singular value decomposition |
/// | `Columns` | tall matrices by columns: orthonormal ones, and the small decomposition |
package llams.model.merge.extract;
