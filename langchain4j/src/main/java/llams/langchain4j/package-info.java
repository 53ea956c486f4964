/// LangChain4j's chat models, answered by a model in the same JVM.
///
/// | file | what it does |
/// |---|---|
/// | [LlamsChatModel], [LlamsStreamingChatModel] | the models: start here |
/// | [LlamsChatRequestParameters] | parameters that only these models have |
/// | `Requests`, `Responses` | LangChain4j's requests as questions, answers as its responses |
package llams.langchain4j;
