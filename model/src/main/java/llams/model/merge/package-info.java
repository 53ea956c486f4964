/// Models made of models: several merged into one, chat vectors, folded adapters.
///
/// | file | what it does |
/// |---|---|
/// | [AdapterMerge], [FoldedModel] | folds an adapter into the weights; those weights, some rows at a time |
/// | [ModelMerge] | several models as a [llams.model.merge.config.MergeConfig] says, one tensor at a time |
/// | `ModelMergePlan`, `ModelMergeFiles` | checks the models, decides what becomes of each tensor and of the config |
/// | `Blend`: `WeightedMean`, `Slerp`, `TaskVectors` | how the values of a tensor are made |
/// | `Sparsity`, `Trimming` | which differences TIES and DARE keep |
/// | [ChatVector] | `tuned + scale (instruct - base)`, one tensor at a time |
/// | `ChatVectorPlan`, `ChatVectorFiles`, `ConfigMeaning` | checks the three models, decides what becomes of each tensor and file |
/// | `Depths` | how deep in the model a tensor lies, for numbers that change with the layers |
/// | `Workspace` | memory to compute a part of a tensor in |
/// | `MergeOutput`, `MergeCards` | write the result, and what its card says |
/// | `VectorSize`, [MergeReport] | how large the vector is, and what was done |
/// | [MergeException] | models that do not fit together, with every reason |
package llams.model.merge;
