package llams.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.generate.Batch;
import llams.model.text.AdaptedModel;
import llams.model.text.LoadedModel;
import llams.server.LlamsServer;
import llams.server.ServerSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams serve`: a model behind OpenAI's HTTP interface.
@Command(
        name = "serve",
        description = {"Serve a model over HTTP, as OpenAI's API does.",
                "Conversations of all clients are continued together, and each gets the answer that it would get"
                        + " alone. Ctrl-C ends the server."},
        footer = {"", "Examples:", "  llams serve -m model", "  llams serve -m model --port 9000 --slots 16",
                "  llams serve -m model --adapter tuned=adapter",
                "  llams serve -m model --host 0.0.0.0 --api-key secret"})
final class ServeCommand implements Callable<Integer> {
    private static final String KEY_VARIABLE = "LLAMS_API_KEY";

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR",
            required = true,
            description = "Required: the model's directory.")
    Path directory;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "The name by which clients ask for the model (default: that of its directory).")
    String name;

    @Option(
            names = "--adapter",
            paramLabel = "NAME=DIR",
            description = "A LoRA adapter on the model, and the name by which clients ask for it; may be given several"
                    + " times.")
    Map<String, Path> adapters = Map.of();

    @Mixin
    WeightsOption weights;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "The address to listen on (default: ${DEFAULT-VALUE}, for this machine only).")
    String host;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            description = "The port to listen on; 0 for any that is free (default: ${DEFAULT-VALUE}).")
    int port;

    @Option(
            names = "--slots",
            paramLabel = "N",
            defaultValue = "8",
            description = "Conversations that are continued at once (default: ${DEFAULT-VALUE}).")
    int slots;

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Tokens of a conversation with its answer, at most (default: ${DEFAULT-VALUE}, or what the"
                    + " model allows).")
    int context;

    @Option(
            names = "--queue",
            paramLabel = "N",
            defaultValue = "64",
            description = "Requests that may wait for a slot; more are refused (default: ${DEFAULT-VALUE}).")
    int queue;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "The longest that a request may take (default: ${DEFAULT-VALUE}).")
    int seconds;

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description = "What clients must send as their key (default: the variable " + KEY_VARIABLE
                    + ", which other users of this machine cannot see; without either, anybody may ask).")
    String apiKey;

    @Option(
            names = "--cors",
            paramLabel = "ORIGIN",
            description = "A web origin whose pages may ask, such as https://example.org, or * for all (default: none).")
    String origin;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        usage(slots >= 1 && slots <= 1024, "--slots must be from 1 to 1024, not " + slots);
        usage(context >= 1, "--context must be at least 1, not " + context);
        usage(queue >= 0, "--queue must be at least 0, not " + queue);
        usage(seconds >= 1, "--timeout must be at least 1, not " + seconds);
        usage(port >= 0 && port <= 65_535, "--port must be from 0 to 65535, not " + port);
        usage(apiKey == null || !apiKey.isBlank(), "--api-key needs a text");
        String key = apiKey == null ? System.getenv(KEY_VARIABLE) : apiKey;
        ServerSettings usual = ServerSettings.standard();
        ServerSettings settings = usual.withAddress(host, port)
                .withSlots(slots, context)
                .withBounds(queue, usual.bodyBytes(), seconds)
                .withAccess(key, origin);
        Device device = compute.open();
        try (LoadedModel model = LoadedModel.of(weights.open(directory, device.options()), null, device)) {
            model.notes.forEach(console::note);
            MachineMemory.check(Batch.memory(model.model, slots, LlamsServer.context(model, settings)),
                    model.weights.allocatedBytes(), "a smaller --context or fewer --slots");
            serve(model, settings);
        }
        return Console.DONE;
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }

    private void serve(LoadedModel model, ServerSettings settings) throws IOException {
        String served = name == null ? directory.toRealPath().getFileName().toString() : name;
        if (settings.apiKeyOrNull() == null && !InetAddress.getByName(host).isLoopbackAddress()) {
            console.note("anybody who can reach " + host + " may use the model; --api-key asks for a key");
        }
        Map<String, AdaptedModel> adapted = new LinkedHashMap<>();
        for (Map.Entry<String, Path> adapter : adapters.entrySet()) {
            adapted.put(adapter.getKey(),
                    AdaptedModel.open(model, adapter.getValue(), "adapters." + adapter.getKey() + "."));
            adapted.get(adapter.getKey()).notes().forEach(console::note);
        }
        try (LlamsServer server = LlamsServer.start(model, served, adapted, settings)) {
            String names = Stream.concat(Stream.of(served), adapted.keySet().stream())
                    .collect(Collectors.joining(", "));
            console.err.println("serving " + names + " at " + server.uri() + "/v1; Ctrl-C ends it");
            console.err.println("to chat in a browser: " + server.uri() + "/");
            untilInterrupted(server);
        } catch (BindException e) {
            throw new IOException(
                    "cannot listen on " + host + " port " + port + ": " + e.getMessage() + "; --port chooses another",
                    e);
        }
    }

    /// Returns when this thread is interrupted; ends the server when the program is.
    private static void untilInterrupted(LlamsServer server) {
        Thread end = new Thread(server::close);
        Runtime.getRuntime().addShutdownHook(end);
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Runtime.getRuntime().removeShutdownHook(end);
        }
    }
}
