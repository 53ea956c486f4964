package llams.langchain4j;

import dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import llams.server.ChatQuestion;
import llams.server.ModelService;

/// [LlamsChatModel], whose answers are handed out as they are made. Handlers are called on a thread of the answer's own.
///
/// @param service                  as in [LlamsChatModel]
/// @param defaultRequestParameters as in [LlamsChatModel]
/// @param listeners                as in [LlamsChatModel]
public record LlamsStreamingChatModel(ModelService service, ChatRequestParameters defaultRequestParameters,
        List<ChatModelListener> listeners) implements StreamingChatModel {
    /// @throws dev.langchain4j.exception.UnsupportedFeatureException if the parameters ask for what is not supported
    public LlamsStreamingChatModel {
        Requests.check(defaultRequestParameters);
        listeners = List.copyOf(listeners);
    }

    /// As the model's makers suggest, with no listeners.
    public LlamsStreamingChatModel(ModelService service) {
        this(service, LlamsChatRequestParameters.EMPTY, List.of());
    }

    /// Returns when the answer is asked for. A handler may cancel it: then it is told nothing more.
    ///
    /// @throws dev.langchain4j.exception.UnsupportedFeatureException if the request asks for what is not supported; all
    ///                                                               that goes wrong later is the handler's
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        ChatQuestion question = Requests.question(request);
        Thread.ofVirtual().name("llams-answer").start(() -> answer(question, handler));
    }

    private void answer(ChatQuestion question, StreamingChatResponseHandler handler) {
        Handle handle = new Handle();
        try {
            ChatResponse response = Responses.of(service.ask(question, piece -> {
                // An empty piece is none to it.
                InternalStreamingChatResponseHandlerUtils.onPartialResponse(handler, piece, handle);
                return !handle.isCancelled();
            }));
            if (response.aiMessage().hasToolExecutionRequests()) {
                InternalStreamingChatResponseHandlerUtils.onCompleteToolCall(handler,
                        new CompleteToolCall(0, response.aiMessage().toolExecutionRequests().getFirst()));
            }
            InternalStreamingChatResponseHandlerUtils.onCompleteResponse(handler, response);
        } catch (CancellationException e) {
            // The handler has asked for it.
        } catch (RuntimeException e) {
            InternalStreamingChatResponseHandlerUtils
                    .withLoggingExceptions(() -> handler.onError(Responses.problem(e)));
        }
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    private static final class Handle implements StreamingHandle {
        private volatile boolean isCancelled;

        @Override
        public void cancel() {
            isCancelled = true;
        }

        @Override
        public boolean isCancelled() {
            return isCancelled;
        }
    }
}
