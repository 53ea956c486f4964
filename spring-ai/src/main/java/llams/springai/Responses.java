package llams.springai;

import java.util.List;
import java.util.UUID;
import llams.server.ChatAnswer;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;

/// Answers as Spring AI's responses.
final class Responses {
    private Responses() {}

    static ChatResponse whole(ChatAnswer answer) {
        return of(answer, answer.callOrNull() == null ? answer.text() : "");
    }

    /// A piece of an answer's text.
    static ChatResponse piece(String text) {
        return new ChatResponse(List.of(new Generation(new AssistantMessage(text))));
    }

    /// What is left to say when all pieces have been handed out.
    static ChatResponse last(ChatAnswer answer) {
        return of(answer, "");
    }

    private static ChatResponse of(ChatAnswer answer, String text) {
        List<AssistantMessage.ToolCall> calls = answer.callOrNull() == null
                ? List.of()
                : List.of(new AssistantMessage.ToolCall(UUID.randomUUID().toString(), "function",
                        answer.callOrNull().name(), answer.callOrNull().arguments()));
        AssistantMessage message = AssistantMessage.builder().content(text).toolCalls(calls).build();
        ChatGenerationMetadata end = ChatGenerationMetadata.builder().finishReason(reason(answer)).build();
        return new ChatResponse(List.of(new Generation(message, end)),
                ChatResponseMetadata.builder()
                        .id(UUID.randomUUID().toString())
                        .model(answer.model())
                        .usage(new DefaultUsage(answer.promptTokens(), answer.tokens()))
                        .build());
    }

    private static String reason(ChatAnswer answer) {
        if (answer.callOrNull() != null) {
            return "TOOL_CALLS";
        }
        return answer.isCut() ? "LENGTH" : "STOP";
    }
}
