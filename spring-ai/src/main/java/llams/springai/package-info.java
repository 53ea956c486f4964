/// Spring AI's chat model, answered by a model in the same JVM.
///
/// | file | what it does |
/// |---|---|
/// | [LlamsChatModel] | the model: start here |
/// | [LlamsChatOptions] | options that only this model has, beside the usual ones |
/// | `Prompts`, `Responses` | Spring AI's prompts as questions, answers as its responses |
package llams.springai;
