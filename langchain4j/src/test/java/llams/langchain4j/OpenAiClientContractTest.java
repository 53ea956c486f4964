package llams.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.jdk.JdkHttpClientBuilder;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.OpenAiChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import llams.server.LlamsServer;
import llams.server.ServerSettings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The same over HTTP: LangChain4j's client of OpenAI talks to the server.
class OpenAiClientContractTest extends AbstractChatModelIT {
    private static LlamsServer server;

    @BeforeAll
    static void start() throws IOException {
        server = LlamsServer.start(TaughtModel.shared().model, TaughtModel.NAME,
                Map.of(TaughtModel.OTHER_NAME, TaughtModel.shared().other),
                ServerSettings.standard().withAddress("127.0.0.1", 0).withSlots(4, 1024));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static ChatModel model(ChatRequestParameters parameters) {
        return OpenAiChatModel.builder()
                .httpClientBuilder(new JdkHttpClientBuilder())
                .baseUrl(server.uri() + "/v1")
                .apiKey("none")
                .maxRetries(0)
                .strictJsonSchema(true)
                .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
                .defaultRequestParameters(TaughtModel.DEFAULTS.overrideWith(parameters))
                .build();
    }

    @Override
    protected List<ChatModel> models() {
        return List.of(model(TaughtModel.DEFAULTS));
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return model(parameters);
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return OpenAiChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
    }

    @Override
    protected String customModelName() {
        return TaughtModel.OTHER_NAME;
    }

    @Override
    protected Class<? extends ChatResponseMetadata> chatResponseMetadataType(ChatModel model) {
        return OpenAiChatResponseMetadata.class;
    }

    @Override
    protected Class<? extends TokenUsage> tokenUsageType(ChatModel model) {
        return OpenAiTokenUsage.class;
    }

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }

    /// The server refuses images, and this client says so in its own way.
    @Override
    protected boolean assertExceptionType() {
        return false;
    }

    /// Llama 3's format has one call in a message.
    @Override
    protected void should_execute_multiple_tools_in_parallel_then_answer(ChatModel model) {}

    @Test
    void streams() throws Exception {
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .httpClientBuilder(new JdkHttpClientBuilder())
                .baseUrl(server.uri() + "/v1")
                .apiKey("none")
                .defaultRequestParameters(TaughtModel.DEFAULTS)
                .build();
        StringBuilder pieces = new StringBuilder();
        ChatResponse text = answer(streaming, "What is the capital of Germany?", pieces);
        assertEquals("It is Berlin.", text.aiMessage().text());
        assertEquals("It is Berlin.", pieces.toString());
        assertEquals(text.aiMessage().text().length(), text.metadata().tokenUsage().outputTokenCount());
        ChatResponse call = answer(streaming, "What is the weather in Munich?", new StringBuilder());
        assertEquals("{\"city\":\"Munich\"}", call.aiMessage().toolExecutionRequests().getFirst().arguments());
    }

    private static ChatResponse answer(OpenAiStreamingChatModel model, String question, StringBuilder pieces)
            throws Exception {
        CompletableFuture<ChatResponse> answer = new CompletableFuture<>();
        ChatRequest.Builder request = ChatRequest.builder().messages(UserMessage.from(question));
        if (question.contains("weather")) {
            request.toolSpecifications(TaughtModel.WEATHER);
        }
        model.chat(request.build(), new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                answer.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                answer.completeExceptionally(error);
            }
        });
        return answer.get(30, TimeUnit.SECONDS);
    }
}
