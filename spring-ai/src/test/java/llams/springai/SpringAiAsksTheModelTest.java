package llams.springai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import llams.engine.device.Devices;
import llams.model.text.OpenOptions;
import llams.server.ModelService;
import llams.server.SmallServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.ai.chat.client.AdvisorParams;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.function.FunctionToolCallback;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;
import reactor.core.publisher.Flux;

/// A model of random weights says anything, but in the form, of the length and with the numbers that Spring AI wants.
class SpringAiAsksTheModelTest {
    private static final String TEMPLATE = """
            {{- bos_token }}{{- tools | tojson if tools }}
            {%- for message in messages %}
                {{- '<|start_header_id|>' ~ message['role'] ~ '<|end_header_id|>\\n\\n' }}
                {{- message['content'] }}
                {{- '<|eot_id|>' }}
            {%- endfor %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' if add_generation_prompt }}
            """;

    record City(String city) {}

    enum Place {
        SEOUL, BUSAN
    }

    record Where(Place place) {}

    private static final ToolCallback WEATHER = FunctionToolCallback
            .builder("weather", (City city) -> "sunny in " + city.city())
            .description("tells the weather")
            .inputType(City.class)
            .build();

    @TempDir
    static Path temporary;
    private static ModelService service;

    @BeforeAll
    static void open() throws IOException {
        Path model = temporary.resolve("small");
        SmallServer.write(model);
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
        service = ModelService.open(model, OpenOptions.standard().withDevice(Devices.byName("cpu")).withContext(512),
                2);
    }

    @AfterAll
    static void close() {
        service.close();
    }

    private static LlamsChatModel model() {
        LlamsChatOptions options = LlamsChatOptions.builder().temperature(1.0).seed(2L).maxTokens(20).build();
        return new LlamsChatModel(service).withOptions(options);
    }

    @Test
    void anAnswerHasItsNumbers() {
        Prompt prompt = new Prompt(List.of(new SystemMessage("Be brief."), new UserMessage("Hello")),
                ChatOptions.builder().maxTokens(12).build());
        ChatResponse response = model().call(prompt);
        assertEquals(response.getResult().getOutput().getText(),
                model().call(prompt).getResult().getOutput().getText());
        assertEquals(12, response.getMetadata().getUsage().getCompletionTokens());
        assertTrue(response.getMetadata().getUsage().getPromptTokens() > 10);
        assertEquals("LENGTH", response.getResult().getMetadata().getFinishReason());
        assertEquals("small", response.getMetadata().getModel());
    }

    @Test
    void aStreamHasTheSameText() {
        List<ChatResponse> pieces = model().stream(new Prompt("Hello")).collectList().block();
        assertTrue(pieces.size() > 2);
        assertEquals(model().call("Hello"),
                pieces.stream().map(piece -> piece.getResult().getOutput().getText()).collect(Collectors.joining()));
        assertEquals(20, pieces.getLast().getMetadata().getUsage().getCompletionTokens());
    }

    @Test
    void whoCancelsFreesTheSlot() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            Flux<ChatResponse> stream = model()
                    .stream(new Prompt("Hello", LlamsChatOptions.builder().maxTokens(400).build()));
            assertEquals(2, stream.take(2).collectList().block().size());
        }
        for (int tries = 0; service.metrics().getRunning() > 0; tries++) {
            assertTrue(tries < 2000, "a slot is held");
            Thread.sleep(10);
        }
    }

    /// As `ChatClient` asks for it.
    @Test
    void anAnswerIsAnObjectOfJava() {
        Where where = ChatClient.create(model())
                .prompt("Where?")
                .options(LlamsChatOptions.builder().maxTokens(100))
                .advisors(AdvisorParams.ENABLE_NATIVE_STRUCTURED_OUTPUT)
                .call()
                .entity(Where.class);
        assertTrue(where.place() == Place.SEOUL || where.place() == Place.BUSAN);
    }

    @Test
    void toolsAreDescribedAndTheirResultsRead() {
        LlamsChatOptions options = LlamsChatOptions.builder().toolCallbacks(WEATHER).maxTokens(5).build();
        AssistantMessage call = AssistantMessage.builder()
                .content("")
                .toolCalls(List.of(new AssistantMessage.ToolCall("1", "function", "weather", "{\"city\": \"Seoul\"}")))
                .build();
        ToolResponseMessage result = ToolResponseMessage.builder()
                .responses(List.of(new ToolResponseMessage.ToolResponse("1", "weather", "sunny")))
                .build();
        ChatResponse response = model().call(new Prompt(List.of(new UserMessage("Weather?"), call, result), options));
        assertEquals(5, response.getMetadata().getUsage().getCompletionTokens());
        int plain = model().call(new Prompt(new UserMessage("Weather?"))).getMetadata().getUsage().getPromptTokens();
        assertTrue(response.getMetadata().getUsage().getPromptTokens() > plain + 100, "the tool is not described");
    }

    @Test
    void optionsOfAPromptGoFirst() {
        LlamsChatOptions mine = LlamsChatOptions.builder().temperature(1.0).seed(1L).minP(0.1).maxTokens(5).build();
        LlamsChatOptions both = mine.mutate()
                .combineWith(LlamsChatOptions.builder().seed(2L).temperature(0.0).stopSequences(List.of("a")))
                .build();
        assertEquals(LlamsChatOptions.builder()
                .temperature(0.0)
                .seed(2L)
                .minP(0.1)
                .maxTokens(5)
                .stopSequences(List.of("a"))
                .build(), both);
        assertNull(both.getOutputSchema());
    }

    @Test
    void whatIsWrongIsSaid() {
        UserMessage image = UserMessage.builder()
                .text("What is this?")
                .media(new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[1])))
                .build();
        assertThrows(IllegalArgumentException.class, () -> model().call(new Prompt(image)));
        assertThrows(IllegalArgumentException.class, () -> model().call("a".repeat(600)));
        assertThrows(IllegalArgumentException.class,
                () -> model().stream(new Prompt("Hi", ChatOptions.builder().presencePenalty(1.0).build())).blockLast());
        assertThrows(IllegalArgumentException.class,
                () -> model().stream(new Prompt("Hi", ChatOptions.builder().model("other").build())).blockLast());
    }

    @Test
    void eachRequestIsObserved() throws InterruptedException {
        BlockingQueue<ChatModelObservationContext> seen = new LinkedBlockingQueue<>();
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig().observationHandler(new ObservationHandler<ChatModelObservationContext>() {
            @Override
            public void onStop(ChatModelObservationContext context) {
                seen.add(context);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return context instanceof ChatModelObservationContext;
            }
        });
        LlamsChatModel observed = model().withObservations(registry);
        observed.call("Hello");
        observed.stream(new Prompt("Hello")).blockLast();
        for (int i = 0; i < 2; i++) {
            // A stream's ends after it.
            ChatResponse response = seen.poll(10, TimeUnit.SECONDS).getResponse();
            assertEquals(20, response.getMetadata().getUsage().getCompletionTokens());
        }
    }
}
