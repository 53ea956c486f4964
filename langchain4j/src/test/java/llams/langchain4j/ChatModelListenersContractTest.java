package llams.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/// Listeners are told what LangChain4j says they are.
class ChatModelListenersContractTest extends AbstractChatModelListenerIT {
    private ChatModel model(String name, ChatModelListener listener) {
        ChatRequestParameters parameters = LlamsChatRequestParameters.builder()
                .modelName(name)
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens())
                .build();
        return new LlamsChatModel(TaughtModel.shared().service, parameters, List.of(listener));
    }

    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return model(modelName(), listener);
    }

    @Override
    protected String modelName() {
        return TaughtModel.NAME;
    }

    @Override
    protected ChatModel createFailingModel(ChatModelListener listener) {
        return model("missing", listener);
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
