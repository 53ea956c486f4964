package llams.langchain4j;

import static org.mockito.ArgumentMatchers.any;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import org.mockito.InOrder;

/// What LangChain4j asks of every streaming chat model, but images and several calls in one answer.
class StreamingChatModelContractTest extends AbstractStreamingChatModelIT {
    private static StreamingChatModel model(ChatRequestParameters parameters) {
        return new LlamsStreamingChatModel(TaughtModel.shared().service, parameters, List.of());
    }

    @Override
    protected List<StreamingChatModel> models() {
        return List.of(model(TaughtModel.DEFAULTS));
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return model(TaughtModel.DEFAULTS.overrideWith(parameters));
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return LlamsChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
    }

    @Override
    protected String customModelName() {
        return TaughtModel.OTHER_NAME;
    }

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }

    /// Llama 3's format has one call in a message.
    @Override
    protected void should_execute_multiple_tools_in_parallel_then_answer(StreamingChatModel model) {}

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return new LlamsStreamingChatModel(TaughtModel.shared().service, TaughtModel.DEFAULTS, List.of(listener));
    }

    /// A call is handed out whole.
    @Override
    protected boolean supportsPartialToolStreaming(StreamingChatModel model) {
        return false;
    }

    @Override
    protected boolean supportsStreamingCancellation() {
        return true;
    }

    /// Called where there is one call.
    @Override
    protected void verifyToolCallbacks(StreamingChatResponseHandler handler, InOrder io, String id,
            StreamingChatModel model) {
        io.verify(handler).onCompleteToolCall(complete(0, id, "getWeather", "{\"city\":\"Munich\"}"));
    }

    @Override
    protected void verifyToolCallbacks(StreamingChatResponseHandler handler, InOrder io, StreamingChatModel model) {
        io.verify(handler).onCompleteToolCall(any());
    }
}
