/// What is to be merged and how: as a YAML file in mergekit's form says it, or a program.
///
/// | file | what it holds |
/// |---|---|
/// | [MergeConfig], [Method] | a merge |
/// | `MergeRules` | what every merge must fulfil |
/// | [Setting] | a number, a gradient over the layers, or numbers by the names of tensors |
/// | [MergeConfigFile] | reads the YAML |
package llams.model.merge.config;
