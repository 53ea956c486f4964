/// Models with more tokens.
///
/// | file | what it does |
/// |---|---|
/// | [ExtendedModel] | a model with rows for the new tokens of its tokenizer: start here |
/// | [RowWeights], `RowMean` | what a new row is made of |
/// | [TextDensity] | how many tokens a text takes |
package llams.model.extend;
