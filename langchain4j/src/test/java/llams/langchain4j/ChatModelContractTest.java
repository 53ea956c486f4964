package llams.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/// What LangChain4j asks of every chat model, but images and several calls in one answer.
class ChatModelContractTest extends AbstractChatModelIT {
    private static ChatModel model(ChatRequestParameters parameters) {
        return new LlamsChatModel(TaughtModel.shared().service, parameters, List.of());
    }

    @Override
    protected List<ChatModel> models() {
        return List.of(model(TaughtModel.DEFAULTS));
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
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
    protected void should_execute_multiple_tools_in_parallel_then_answer(ChatModel model) {}
}
