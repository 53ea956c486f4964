/// Makes model directories.
///
/// | file | what it does |
/// |---|---|
/// | [NewModel] | writes a model with random weights, tensor by tensor |
/// | `RandomWeights` | the weights: each element follows from the seed, its tensor's name and its place |
/// | `RandomParts` | those weights part after part, made by all cores |
/// | [QuantizedModel] | writes a model again with its matrices in Q8_0 or NF4 |
package llams.model.create;
