package llams.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import llams.engine.generate.Batch;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.model.text.AdaptedModel;
import llams.model.text.LoadedModel;
import llams.model.text.OpenOptions;
import llams.model.text.TextListener;

/// A model that answers all threads of a program:
///
/// ```java
/// try (ModelService service = ModelService.open(Path.of("model"))) {
///     ChatQuestion question = ChatQuestion.of(List.of(new ChatMessage("user", "Hello")));
///     System.out.println(service.ask(question, TextListener.of(System.out::print)).tokens());
/// }
/// ```
///
/// The conversations of all callers are continued together, see [Batch]: each gets the answer that it would get alone.
public final class ModelService implements AutoCloseable {
    /// Callers wait on their own threads.
    private static final int ANY_NUMBER = Integer.MAX_VALUE / 2;
    /// After so long without a piece, a listener is asked whether it still wants any.
    private static final long PULSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /// Tokens of a conversation with its answer, at most.
    public final int context;
    final ServedModels models;
    final Scheduler scheduler;
    final Metrics metrics;
    /// Closed with this; null if the model is the caller's.
    private LoadedModel owned;

    private ModelService(ServedModels models, Batch batch, int context, int queue) {
        this.models = models;
        this.context = context;
        this.metrics = new Metrics(batch.slots());
        this.scheduler = new Scheduler(batch, queue, metrics);
    }

    /// Opens a model directory, whose name is the model's, for as many conversations as a server usually has.
    ///
    /// @throws IOException              if a file is missing or damaged; says which
    /// @throws IllegalArgumentException as [#start]
    public static ModelService open(Path directory) throws IOException {
        ServerSettings usual = ServerSettings.standard();
        return open(directory, OpenOptions.standard().withContext(usual.context()), usual.slots());
    }

    /// @param slots as in [#start]
    /// @throws IOException              as [#open(Path)]
    /// @throws IllegalArgumentException as [#start], or if an adapter does not fit the model
    public static ModelService open(Path directory, OpenOptions options, int slots) throws IOException {
        LoadedModel model = LoadedModel.open(directory, options);
        try {
            String name = directory.toRealPath().getFileName().toString();
            ModelService service = start(model, name, slots, options.context());
            service.owned = model;
            return service;
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /// @param model   stays the caller's, to be closed after this
    /// @param name    by which it is asked for
    /// @param slots   conversations that are continued at once; others wait
    /// @param context as the field; fewer if the model allows no more
    /// @throws IllegalArgumentException if the model has no tokenizer
    public static ModelService start(LoadedModel model, String name, int slots, int context) {
        return start(model, name, Map.of(), slots, context);
    }

    /// The same with adapters on this model, each by a name of its own.
    ///
    /// @throws IllegalArgumentException also if an adapter has the model's name
    public static ModelService start(LoadedModel model, String name, Map<String, AdaptedModel> adapters, int slots,
            int context) {
        return start(model, name, adapters, slots, context, ANY_NUMBER);
    }

    /// @param queue conversations that may wait for a slot; more are refused
    static ModelService start(LoadedModel model, String name, Map<String, AdaptedModel> adapters, int slots,
            int context, int queue) {
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
        int most = Math.min(context, model.weights.config.maxPositions());
        Batch batch = new Batch(model.device, models, resident, slots, most);
        return new ModelService(new ServedModels(List.copyOf(served), model.weights.config.vocab()), batch, most,
                queue);
    }

    /// Answers a conversation. Any number of threads may ask at once.
    ///
    /// @param listener called on this thread; also now and then with nothing, so that it can end an answer that is slow
    ///                 to come. An answer that calls a tool is not handed out in pieces.
    /// @throws IllegalArgumentException if it cannot be answered; says why
    /// @throws CancellationException    if the listener ends it, or this thread is interrupted
    /// @throws IllegalStateException    if this is closed
    public ChatAnswer ask(ChatQuestion question, TextListener listener) {
        long start = System.nanoTime();
        Outbox outbox = new Outbox(Integer.MAX_VALUE);
        try {
            ChatRequest request = ChatRequest.of(question, models, context);
            Answer answer = new Answer(request.tasks(models).getFirst(), 0, true, outbox, metrics);
            scheduler.submit(List.of(answer.request()));
            hand(outbox, request.tools(), listener);
            return ChatAnswer.of(answer, request.tools());
        } catch (ApiException e) {
            throw e.status < 500
                    ? new IllegalArgumentException(e.getMessage(), e)
                    : new IllegalStateException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the thread that waits for the answer was interrupted");
        } finally {
            outbox.abandon();
            metrics.requests.record(System.nanoTime() - start);
        }
    }

    /// Hands out an answer's text, up to its end.
    private static void hand(Outbox outbox, Tools tools, TextListener listener) throws InterruptedException {
        StringBuilder held = new StringBuilder();
        boolean isText = false;
        while (true) {
            String piece = "";
            Outbox.Event event = outbox.take(PULSE_NANOS);
            switch (event) {
                case Outbox.Piece(_, String text, _) -> {
                    held.append(text);
                    isText = isText || !tools.mayBeCall(held);
                    piece = isText ? held.toString() : "";
                }
                case Outbox.Failed(_, RuntimeException problem) -> throw problem;
                case Outbox.Ended _ -> piece = isText || tools.call(held) == null ? held.toString() : "";
                case Outbox.Begun _ -> {}
                case null -> {}
            }
            held.setLength(held.length() - piece.length());
            if (!listener.accept(piece)) {
                throw new CancellationException("the listener ended the answer");
            }
            if (event instanceof Outbox.Ended) {
                return;
            }
        }
    }

    /// Counts and times, for whoever wants to watch them.
    public ServiceMXBean metrics() {
        return metrics;
    }

    /// Ends all answers, and returns when nothing runs any more.
    @Override
    public void close() {
        scheduler.close();
        if (owned != null) {
            try {
                owned.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
