/// Models that continue text and hold conversations.
///
/// | file | what it does |
/// |---|---|
/// | [TextGenerator] | opens a model directory and continues texts: start here |
/// | [Conversation], [MessageTooLongException] | holds a conversation, with its earlier turns in the cache |
/// | [OpenOptions], [GenerateOptions], [Sampling] | how to open a model, how much to generate, how to pick tokens |
/// | [Generated], [TextListener] | a finished text, and what receives it while it is generated |
/// | [LoadedModel] | an open model with its tokenizer, adapter and device, also for evaluation |
/// | [AdaptedModel] | the same with an adapter, beside others |
/// | [TextStream] | tokens to whole characters, up to a stop text |
package llams.model.text;
