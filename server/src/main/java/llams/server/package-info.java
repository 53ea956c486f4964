/// Models that answer many at once: the threads of a program, and the clients of OpenAI's HTTP interface. Read
/// [ModelService] and [LlamsServer] first.
///
/// | file | what it does |
/// |---|---|
/// | [ModelService], [ChatQuestion], [ChatAnswer] | answers the threads of a program |
/// | [LlamsServer], [ServerSettings] | the HTTP interface: starts and ends; what it is allowed |
/// | `Visit`, `Access`, `Deadlines` | one request: who asks, and for how long |
/// | `Routes` | what is found at which path |
/// | `ChatPage` | the page for chat, from the files in `page` |
/// | `Call`, `ApiException`, `Fields` | a request's JSON; answers and refusals over HTTP |
/// | `ServedModels`, `ServedModel` | models by name |
/// | `ChatRequest`, `ChatMessages`, [Tools], `CompletionRequest`, `Settings` | what is asked for |
/// | `Generation`, `Answer`, `Outbox` | answers on their way from the thread that generates to the client |
/// | `Scheduler` | the thread that generates |
/// | `Replies`, `ChatForm`, `CompletionForm`, `TokenScore` | what answers look like |
/// | [ServiceMXBean], `Metrics` | counts and times |
package llams.server;
