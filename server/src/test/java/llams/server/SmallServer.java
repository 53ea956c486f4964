package llams.server;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import llams.model.text.AdaptedModel;
import llams.model.text.LoadedModel;
import llams.model.text.OpenOptions;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server of a model of random weights whose first 256 ids are bytes, and what asks it.
public final class SmallServer implements AutoCloseable {
    static final String NAME = "small";
    static final int CONTEXT = 512;
    private static final LlamaConfig CONFIG = LlamaConfig.standard(32, 48, 2, 4, 2, 512)
            .withMaxPositions(CONTEXT)
            .withTied(true)
            .withMetadata(LlamaConfig.Metadata.standard().withInitializerRange(0.3f).withIds(256, List.of(257)));

    final LoadedModel model;
    final LlamsServer server;
    /// Java's own client: it asks to go on in HTTP/2, which the server must not mind.
    final HttpClient client = HttpClient.newHttpClient();

    private SmallServer(LoadedModel model, LlamsServer server) {
        this.model = model;
        this.server = server;
    }

    static ServerSettings settings() {
        return ServerSettings.standard().withAddress("127.0.0.1", 0).withSlots(4, CONTEXT);
    }

    /// Writes a model into an empty directory.
    public static void write(Path directory) throws IOException {
        write(CONFIG, directory);
    }

    /// Likewise, one of this shape, with 512 tokens.
    public static void write(LlamaConfig config, Path directory) throws IOException {
        Path file = directory.resolveSibling(directory.getFileName() + ".tokenizer.model");
        StringBuilder lines = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            lines.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b})).append(' ').append(b).append('\n');
        }
        NewModel.write(config, 3, Files.writeString(file, lines), directory, ByteProgress.SILENT);
    }

    static SmallServer start(Path directory, ServerSettings settings) throws IOException {
        if (!Files.exists(directory.resolve("config.json"))) {
            write(directory);
        }
        LoadedModel model = LoadedModel.open(directory, OpenOptions.standard().withDevice(Devices.byName("cpu")));
        return new SmallServer(model, LlamsServer.start(model, NAME, settings));
    }

    /// With two adapters of random weights, `one` and `two`.
    static SmallServer startAdapted(Path directory, ServerSettings settings) throws IOException {
        write(directory);
        LoadedModel model = LoadedModel.open(directory, OpenOptions.standard().withDevice(Devices.byName("cpu")));
        Map<String, AdaptedModel> adapters = new LinkedHashMap<>();
        for (String name : List.of("one", "two")) {
            adapters.put(name, AdaptedModel.open(model, adapter(directory, name), name + "."));
        }
        return new SmallServer(model, LlamsServer.start(model, NAME, adapters, settings));
    }

    static Path adapter(Path base, String name) throws IOException {
        Path directory = Files.createDirectories(base.resolveSibling(name));
        try (LlamaWeights weights = LlamaWeights.open(base); Arena arena = Arena.ofConfined()) {
            Adapter adapter = Adapter.create(arena, LoraConfig.standard(), weights.config, 1);
            SplittableRandom random = new SplittableRandom(name.hashCode());
            for (Map.Entry<String, Tensor> tensor : adapter.tensors().entrySet()) {
                for (long i = 0; i < tensor.getValue().elements(); i++) {
                    tensor.getValue().setFloat(i, (float) random.nextGaussian(0, 0.3));
                }
            }
            AdapterFiles.write(directory, adapter, adapter.tensors(), weights);
        }
        return directory;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.uri() + path)).header("Content-Type", "application/json");
    }

    HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
        return client.send(request(path).POST(HttpRequest.BodyPublishers.ofString(json)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofString());
    }

    static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    /// The answer to a request that must succeed.
    JsonNode answer(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != 200) {
            throw new AssertionError(response.statusCode() + " " + response.body());
        }
        return json(response.body());
    }

    /// The text of a continuation of at most `tokens` tokens.
    String complete(String model, String prompt, int tokens, String more) throws IOException, InterruptedException {
        return answer("/v1/completions",
                "{\"model\": \"" + model + "\", \"prompt\": \"" + prompt + "\", \"max_tokens\": " + tokens + more + "}")
                .get("choices")
                .get(0)
                .get("text")
                .stringValue();
    }

    /// The events of a stream, the last of which must be `[DONE]`; it is left out.
    List<JsonNode> stream(String path, String json) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, json);
        if (response.statusCode() != 200
                || !response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream")) {
            throw new AssertionError(response.statusCode() + " " + response.headers() + response.body());
        }
        List<JsonNode> events = new ArrayList<>();
        List<String> lines = response.body().lines().filter(line -> line.startsWith("data: ")).toList();
        for (String line : lines.subList(0, lines.size() - 1)) {
            events.add(json(line.substring("data: ".length())));
        }
        if (!lines.getLast().equals("data: [DONE]")) {
            throw new AssertionError("the stream ends with " + lines.getLast());
        }
        return events;
    }

    Tokenizer tokenizer() {
        return model.text.tokenizer();
    }

    @Override
    public void close() throws IOException {
        client.shutdownNow();
        server.close();
        model.close();
    }
}
