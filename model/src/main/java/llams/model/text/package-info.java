/// Models that continue texts and hold conversations.
///
/// | file | what it does |
/// |---|---|
/// | [TextGenerator] | opens a model directory and continues texts: start here |
/// | [Conversation], [MessageTooLongException] | talks, keeping what was said in the cache |
/// | [OpenOptions], [GenerateOptions], [Sampling] | how to open, how long to go, how to pick tokens |
/// | [Generated], [TextListener] | a finished text, and who hears it while it is made |
/// | [LoadedModel] | an open model with its tokenizer, adapter and device, also for evaluation |
/// | `TextStream` | tokens to whole characters, up to a stop text |
package llams.model.text;
