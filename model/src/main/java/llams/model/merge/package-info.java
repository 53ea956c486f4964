/// Models made of models: folded adapters and chat vectors.
///
/// | file | what it does |
/// |---|---|
/// | [AdapterMerge] | folds an adapter into the weights |
/// | [ChatVector] | `tuned + scale (instruct - base)`, one tensor at a time |
/// | `ChatVectorPlan`, `ChatVectorFiles`, `ConfigMeaning` | checks the three models, decides what becomes of each tensor and file |
/// | `MergeOutput`, `Floats` | writes the result: widened to f32, changed, rounded once |
/// | `VectorSize`, [MergeReport] | how large the vector is, and what was done |
/// | [MergeException] | models that do not fit together, with every reason |
package llams.model.merge;
