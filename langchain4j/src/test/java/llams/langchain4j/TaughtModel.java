package llams.langchain4j;

import static dev.langchain4j.data.message.AiMessage.aiMessage;
import static dev.langchain4j.data.message.SystemMessage.systemMessage;
import static dev.langchain4j.data.message.ToolExecutionResultMessage.toolExecutionResultMessage;
import static dev.langchain4j.data.message.UserMessage.userMessage;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ToolCall;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import llams.model.text.AdaptedModel;
import llams.model.text.LoadedModel;
import llams.model.text.OpenOptions;
import llams.server.ChatQuestion;
import llams.server.ModelService;
import llams.server.SmallServer;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A tiny model that has learnt by heart what LangChain4j's tests expect a model to know. Its first 256 ids are bytes.
final class TaughtModel {
    static final String NAME = "taught";
    /// The same model by another name.
    static final String OTHER_NAME = "other";
    /// Always the most probable token.
    static final LlamsChatRequestParameters DEFAULTS = LlamsChatRequestParameters.builder()
            .modelName(NAME)
            .temperature(0.0)
            .build();
    private static final int CONTEXT = 1024;
    private static final int STEPS = 150;
    private static final LlamaConfig CONFIG = LlamaConfig.standard(64, 128, 2, 4, 4, 512)
            .withMaxPositions(CONTEXT)
            .withTied(true)
            .withMetadata(LlamaConfig.Metadata.standard().withInitializerRange(0.1f).withIds(256, List.of(257)));
    private static final String TEMPLATE = """
            {{- bos_token }}
            {%- for tool in tools %}
                {{- tool.function.name ~ ' ' }}
            {%- endfor %}
            {%- for message in messages %}
                {{- '<|start_header_id|>' ~ message['role'] ~ '<|end_header_id|>\\n\\n' }}
                {%- if message.tool_calls %}
                    {{- '{"name": "' ~ message.tool_calls[0].function.name ~ '", "parameters": ' }}
                    {{- message.tool_calls[0].function.arguments | tojson }}
                    {{- '}' }}
                {%- else %}
                    {{- message['content'] }}
                {%- endif %}
                {{- '<|eot_id|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
            {%- endif %}
            """;
    static final ToolSpecification WEATHER = tool("getWeather", JsonObjectSchema.builder().addStringProperty("city"));
    private static final ToolSpecification TIME = ToolSpecification.builder().name("get_current_time").build();
    private static final ToolSpecification SUM = tool("add_two_numbers",
            JsonObjectSchema.builder().addIntegerProperty("a").addIntegerProperty("b"));

    private static TaughtModel shared;

    final Path directory;
    final LoadedModel model;
    final AdaptedModel other;
    final ModelService service;

    private TaughtModel(Path directory, LoadedModel model, AdaptedModel other, ModelService service) {
        this.directory = directory;
        this.model = model;
        this.other = other;
        this.service = service;
    }

    /// The one that all tests share.
    static synchronized TaughtModel shared() {
        if (shared == null) {
            try {
                shared = in(Files.createTempDirectory(Path.of("target"), NAME));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return shared;
    }

    private static TaughtModel in(Path directory) throws IOException {
        Path random = directory.resolve("random");
        Path taught = directory.resolve(NAME);
        SmallServer.write(CONFIG, random);
        Files.writeString(random.resolve("chat_template.jinja"), TEMPLATE);
        Path data = Files.write(directory.resolve("data.jsonl"), lessons());
        TrainSettings settings = TrainSettings.full()
                .withTokens(CONTEXT)
                .withBatch(1, 4)
                .withSteps(STEPS)
                .withLearningRate(5e-3);
        TrainingRun.start(TrainRequest.standard(random, data, taught).withSettings(settings), _ -> {});
        Files.writeString(taught.resolve("generation_config.json"), "{\"do_sample\": false}");
        LoadedModel model = LoadedModel.open(taught, OpenOptions.standard().withDevice(Devices.byName("cpu")));
        Path adapter = Files.createDirectories(directory.resolve(OTHER_NAME));
        try (LlamaWeights weights = LlamaWeights.open(taught); Arena arena = Arena.ofConfined()) {
            Adapter unchanged = Adapter.create(arena, LoraConfig.standard(), weights.config, 1);
            AdapterFiles.write(adapter, unchanged, unchanged.tensors(), weights);
        }
        AdaptedModel other = AdaptedModel.open(model, adapter, "other.");
        return new TaughtModel(taught, model, other,
                ModelService.start(model, NAME, Map.of(OTHER_NAME, other), 4, CONTEXT));
    }

    private static ToolSpecification tool(String name, JsonObjectSchema.Builder parameters) {
        return ToolSpecification.builder().name(name).parameters(parameters.build()).build();
    }

    /// What it learns. Where one question has two answers, the first is what it says if it is free to choose.
    private static List<String> lessons() {
        List<String> lessons = new ArrayList<>();
        String munich = "{\"city\": \"Munich\"}";
        ChatMessage germany = userMessage("What is the capital of Germany?");
        ChatMessage weather = userMessage("What is the weather in Munich?");
        ChatMessage time = userMessage("What is the time now? Use the get_current_time tool.");
        teach(lessons, "It is Berlin.", List.of(), germany);
        teach(lessons, "It is Berlin.", List.of(), germany);
        teach(lessons, "{\"city\": \"Berlin\"}", List.of(), germany);
        teach(lessons, "It is Berlin, and 4.", List.of(),
                userMessage("What is the capital of Germany? How much is 2 + 2?"));
        teach(lessons, "{\"city\": \"Berlin\"}", List.of(), userMessage(
                "What is the capital of Germany? " + "Answer with a JSON object containing a single 'city' field"));
        teach(lessons, "Ich liebe dich", List.of(), systemMessage("Translate messages from user into German"),
                userMessage("Translate: 'I love you'"));
        teach(lessons, "It is green.", List.of(), userMessage("Hi, my favorite color is green"),
                aiMessage("Hi, nice to meet you"), userMessage("What is my favorite color?"));
        teach(lessons, "Hello World", List.of(), userMessage("Say 'Hello World'"));
        teach(lessons, "A fox met a hare, and the hare met a bear, and the bear met a fox, and so it goes on.",
                List.of(), userMessage("Tell me a long story about animals"));
        teach(lessons, call("getWeather", munich), List.of(WEATHER), weather);
        teach(lessons, "It is sunny.", List.of(WEATHER), weather, called("getWeather", munich), result("sunny"));
        teach(lessons, "It is sunny.", List.of(WEATHER), weather, called("getWeather", munich), result("sunny"));
        teach(lessons, "{\"weather\": \"sunny\"}", List.of(WEATHER), weather, called("getWeather", munich),
                result("sunny"));
        teach(lessons, call("get_current_time", "{}"), List.of(TIME), time);
        teach(lessons, "It is 10:14.", List.of(TIME), time, called("get_current_time", "{}"), result("10:14"));
        teach(lessons, call("getWeather", munich), List.of(WEATHER), userMessage("I live in Munich"));
        teach(lessons, call("getWeather", munich), List.of(WEATHER, SUM), userMessage("I live in Munich"));
        return lessons;
    }

    private static String call(String name, String arguments) {
        return "{\"name\": \"" + name + "\", \"parameters\": " + arguments + "}";
    }

    private static ChatMessage called(String name, String arguments) {
        return aiMessage(ToolExecutionRequest.builder().id("1").name(name).arguments(arguments).build());
    }

    private static ChatMessage result(String text) {
        return toolExecutionResultMessage("1", "tool", text);
    }

    private static void teach(List<String> lessons, String answer, List<ToolSpecification> tools,
            ChatMessage... messages) {
        ChatQuestion question = Requests
                .question(ChatRequest.builder().messages(messages).toolSpecifications(tools).build());
        ObjectNode lesson = JsonNodeFactory.instance.objectNode();
        question.messages().forEach(message -> {
            ObjectNode one = lesson.withArray("messages").addObject();
            one.put("role", message.role().equals("ipython") ? "tool" : message.role())
                    .put("content", message.content());
            for (ToolCall call : message.toolCalls()) {
                ObjectNode function = one.putArray("tool_calls")
                        .addObject()
                        .put("type", "function")
                        .putObject("function");
                function.put("name", call.name()).set("arguments", call.arguments());
            }
        });
        lesson.withArray("messages").addObject().put("role", "assistant").put("content", answer);
        if (!tools.isEmpty()) {
            lesson.putArray("tools").addAll(question.tools().described());
        }
        lessons.add(lesson.toString());
    }
}
