package llams.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;
import llams.server.ChatAnswer;
import llams.server.ModelService;

/// LangChain4j's chat model, answered in this JVM:
///
/// ```java
/// try (ModelService service = ModelService.open(Path.of("model"))) {
///     ChatModel model = new LlamsChatModel(service);
///     System.out.println(model.chat("What is the capital of Korea?"));
/// }
/// ```
///
/// Any number of threads may use it.
///
/// @param service                  stays the caller's
/// @param defaultRequestParameters for what a request leaves out
/// @param listeners                told about each request and its response
public record LlamsChatModel(ModelService service, ChatRequestParameters defaultRequestParameters,
        List<ChatModelListener> listeners) implements ChatModel {
    /// @throws dev.langchain4j.exception.UnsupportedFeatureException if the parameters ask for what is not supported
    public LlamsChatModel {
        Requests.check(defaultRequestParameters);
        listeners = List.copyOf(listeners);
    }

    /// As the model's makers suggest, with no listeners.
    public LlamsChatModel(ModelService service) {
        this(service, LlamsChatRequestParameters.EMPTY, List.of());
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        try {
            ChatAnswer answer = service.ask(Requests.question(request), _ -> true);
            return Responses.of(answer);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw Responses.problem(e);
        }
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }
}
