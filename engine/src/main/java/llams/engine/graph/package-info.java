/// A model recorded as a graph, and the gradients that extend it. Symbolic throughout: no value here has numbers.
///
/// ```
/// Graph               records ops; holds the nodes in order
///   Value             Leaf (from outside) or Result (of an op), each with a TensorType
///   Node              one recorded op: what it reads, what it gives
/// Op                  the closed set that every device implements; the names of operands; shape rules in Require
///   Differentiable    MatMul, Attention, RmsNorm, Rope, SwiGlu, Embedding, Add, Scale, Dropout, Noise, ScaleColumns,
///                     LinearCrossEntropy, LinearDistillation, PreferenceLoss;
///                     the gradient's formula and its op stand in the same file (RmsNorm.Gradient)
///   Effect            Accumulate, AdamW, CacheAppend, Clear: change a state
///   others            Constant, RowNorm, SquaredNorm, TopTokens
/// Inputs              what changes from run to run, to be filled by leaf
/// Autodiff            walks back from the loss; Backward is what an op sees meanwhile
/// Recompute           activation checkpointing: values computed again instead of kept
/// ```
package llams.engine.graph;
