/// Models made of models: folded adapters and chat vectors.
///
/// | file | what it does |
/// |---|---|
/// | [AdapterMerge] | folds an adapter into the weights |
/// | [ModelMerge] | several models as a [llams.model.merge.config.MergeConfig] says, one tensor at a time |
/// | `ModelMergePlan`, `ModelMergeFiles` | checks the models, decides what becomes of each tensor and of the config |
/// | `Blend`: `WeightedMean`, `Slerp`, `TaskVectors` | how the values of a tensor are made |
/// | `Sparsity`, `Trimming` | which differences TIES and DARE keep |
/// | [ChatVector] | `tuned + scale (instruct - base)`, one tensor at a time |
/// | `ChatVectorPlan`, `ChatVectorFiles`, `ConfigMeaning` | checks the three models, decides what becomes of each tensor and file |
/// | `PartWorkers`, `Workspace` | computes a tensor part by part on all cores |
/// | `MergeOutput`, `Floats` | writes the result: widened to f32, changed, rounded once |
/// | `VectorSize`, [MergeReport] | how large the vector is, and what was done |
/// | [MergeException] | models that do not fit together, with every reason |
package llams.model.merge;
