package llams.server;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import llams.engine.generate.Batch;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
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
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(LlamsServer::thread);
    private final Scheduler scheduler;
    private final Deadlines deadlines;

    private LlamsServer(HttpServer http, Batch batch, ServedModels models, ServerSettings settings, int context) {
        Metrics metrics = new Metrics(settings.slots());
        this.http = http;
        this.scheduler = new Scheduler(batch, settings.queue(), metrics);
        this.deadlines = new Deadlines(settings.requestSeconds());
        Access access = Access.of(settings, http.getAddress().getAddress());
        Routes routes = new Routes(models, scheduler, metrics, settings, context);
        http.setExecutor(threads);
        http.createContext("/", exchange -> new Visit(exchange, access, deadlines, metrics).serve(routes));
        http.start();
    }

    /// The JDK's server would pass on its own class loader, which need not know what renders chat templates.
    private static Thread thread(Runnable task) {
        Thread thread = Thread.ofVirtual().unstarted(task);
        thread.setContextClassLoader(LlamsServer.class.getClassLoader());
        return thread;
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
        int context = context(model, settings);
        model.requireText("a server needs");
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException("an adapter has the name of its model, " + name);
        }
        List<ServedModel> served = new ArrayList<>();
        List<Llama> models = new ArrayList<>(List.of(model.model));
        Map<String, Tensor> resident = new LinkedHashMap<>(model.resident);
        served.add(new ServedModel(name, 0, model.text, new LinkedHashSet<>(model.stopIds), model.sampling));
        adapters.forEach((by, adapted) -> {
            served.add(new ServedModel(by, models.size(), adapted.text(), new LinkedHashSet<>(adapted.stopIds()),
                    adapted.sampling()));
            models.add(adapted.model());
            resident.putAll(adapted.tensors());
        });
        InetAddress address = InetAddress.getByName(settings.host());
        HttpServer http = HttpServer.create(new InetSocketAddress(address, settings.port()), BACKLOG);
        try {
            Batch batch = new Batch(model.device, models, resident, settings.slots(), context);
            return new LlamsServer(http, batch, new ServedModels(List.copyOf(served), model.weights.config.vocab()),
                    settings, context);
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

    /// Ends all requests, and returns when nothing runs any more.
    @Override
    public void close() {
        scheduler.close();
        http.stop(0);
        threads.shutdownNow();
        deadlines.close();
    }
}
