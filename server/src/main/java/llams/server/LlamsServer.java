package llams.server;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import llams.engine.generate.Batch;
import llams.model.text.AdaptedModel;
import llams.model.text.LoadedModel;

/// A model behind OpenAI's HTTP interface:
///
/// ```java
/// try (LoadedModel model = LoadedModel.open(Path.of("model"), OpenOptions.standard());
///         LlamsServer server = LlamsServer.start(model, "model", ServerSettings.standard())) {
///     System.out.println(server.uri());
///     Thread.sleep(Duration.ofHours(1));
/// }
/// ```
///
/// The conversations of all clients are continued together, see [Batch]: each gets the answer that it would get alone.
public final class LlamsServer implements AutoCloseable {
    private static final int BACKLOG = 128;
    /// What the JDK's server is only told so: seconds for a request's head, connections at most, seconds that one may be
    /// idle, no waiting for more bytes before a few are sent.
    private static final Map<String, String> PROPERTIES = Map.of("sun.net.httpserver.maxReqTime", "60",
            "jdk.httpserver.maxConnections", "4096", "sun.net.httpserver.idleInterval", "300",
            "sun.net.httpserver.nodelay", "true");

    static {
        PROPERTIES.forEach(System.getProperties()::putIfAbsent);
    }

    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ModelService service;
    private final Deadlines deadlines;

    private LlamsServer(HttpServer http, ModelService service, ServerSettings settings) {
        this.http = http;
        this.service = service;
        this.deadlines = new Deadlines(settings.requestSeconds());
        Access access = Access.of(settings, http.getAddress().getAddress());
        Routes routes = new Routes(service, settings);
        http.setExecutor(threads);
        http.createContext("/", exchange -> new Visit(exchange, access, deadlines, service.metrics).serve(routes));
        http.start();
    }

    /// Starts to listen, and returns.
    ///
    /// @param model stays the caller's, to be closed after this
    /// @param name  by which clients ask for it
    /// @throws IOException              if the address cannot be listened on
    /// @throws IllegalArgumentException if the model has no tokenizer
    public static LlamsServer start(LoadedModel model, String name, ServerSettings settings) throws IOException {
        return start(model, name, Map.of(), settings);
    }

    /// The same with adapters on this model, each by a name of its own.
    ///
    /// @throws IOException              also if an adapter's file is missing or damaged; says which
    /// @throws IllegalArgumentException also if an adapter does not fit the model, or has its name
    public static LlamsServer start(LoadedModel model, String name, Map<String, AdaptedModel> adapters,
            ServerSettings settings) throws IOException {
        InetAddress address = InetAddress.getByName(settings.host());
        HttpServer http = HttpServer.create(new InetSocketAddress(address, settings.port()), BACKLOG);
        try {
            ModelService service = ModelService.start(model, name, adapters, settings.slots(), settings.context(),
                    settings.queue());
            return new LlamsServer(http, service, settings);
        } catch (RuntimeException e) {
            http.stop(0);
            throw e;
        }
    }

    /// Tokens of a conversation, at most: as set, or fewer if the model allows no more.
    public static int context(LoadedModel model, ServerSettings settings) {
        return Math.min(settings.context(), model.weights.config.maxPositions());
    }

    /// Where it listens.
    public URI uri() {
        InetSocketAddress address = http.getAddress();
        String host = address.getAddress().getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort());
    }

    /// Counts and times, for whoever wants to watch them.
    public ServiceMXBean metrics() {
        return service.metrics();
    }

    /// Ends all requests, and returns when nothing runs any more.
    @Override
    public void close() {
        service.close();
        http.stop(0);
        threads.shutdownNow();
        deadlines.close();
    }
}
