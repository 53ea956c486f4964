/// Conversations, and how a model writes them as ids.
///
/// | file | what it does |
/// |---|---|
/// | [ModelText] | a model's conventions for text: tokenizer, what begins and ends a text, chat template |
/// | [ChatMessage], [ToolCall] | a conversation as data or a user gives it |
/// | [ChatTemplate] | messages to ids, for prompts and for training |
/// | `Llama3Template` | Llama 3's own format, in plain Java |
/// | `RenderedTemplate` | any other template: renders it and finds the messages in the result |
/// | `TemplateFile`, `TemplateSource`, `TemplateToken` | where a template is found; its text rewritten so that Jinjava reads it as Jinja does |
/// | [TextTemplate] | a text whose gaps the values of a row fill |
/// | `JinjaTemplate`, `RenderingTime`, `TemplateException` | runs Jinjava, within limits |
/// | `PythonLibrary`, `PythonMethods`, `PythonResolver`, `PythonValues`, `TemplateFunctions` | the Python that templates rely on |
package llams.model.chat;
