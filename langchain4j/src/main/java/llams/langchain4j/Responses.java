package llams.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.UUID;
import llams.server.ChatAnswer;

/// Answers as LangChain4j's responses.
final class Responses {
    private Responses() {}

    static ChatResponse of(ChatAnswer answer) {
        AiMessage message = answer.callOrNull() == null
                ? AiMessage.from(answer.text())
                : AiMessage.from(List.of(ToolExecutionRequest.builder()
                        .id(UUID.randomUUID().toString())
                        .name(answer.callOrNull().name())
                        .arguments(answer.callOrNull().arguments())
                        .build()));
        return ChatResponse.builder()
                .aiMessage(message)
                .metadata(ChatResponseMetadata.builder()
                        .id(UUID.randomUUID().toString())
                        .modelName(answer.model())
                        .tokenUsage(new TokenUsage(answer.promptTokens(), answer.tokens()))
                        .finishReason(reason(answer))
                        .build())
                .build();
    }

    private static FinishReason reason(ChatAnswer answer) {
        if (answer.callOrNull() != null) {
            return FinishReason.TOOL_EXECUTION;
        }
        return answer.isCut() ? FinishReason.LENGTH : FinishReason.STOP;
    }

    /// What is wrong with a request, or with this program, in LangChain4j's terms.
    static RuntimeException problem(RuntimeException problem) {
        return problem instanceof IllegalArgumentException
                ? new InvalidRequestException(problem.getMessage(), problem)
                : new InternalServerException(problem.getMessage(), problem);
    }
}
