package llams.server;

import java.io.IOException;
import java.util.List;
import llams.model.text.Sampling;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What the server answers, by path.
final class Routes {
    private static final String MODEL = "/v1/models/";

    @FunctionalInterface
    interface Handler {
        /// @throws ApiException if the request is refused
        /// @throws IOException  if the client has gone
        void handle(Call call) throws IOException;
    }

    /// @param name fit for a metric's label
    record Route(String name, boolean needsKey, Handler handler) {}

    private final ModelService service;
    private final ServedModels models;
    private final ServerSettings settings;
    private final ChatPage page = ChatPage.load();

    Routes(ModelService service, ServerSettings settings) {
        this.service = service;
        this.models = service.models;
        this.settings = settings;
    }

    /// @throws ApiException if there is nothing at this path, or not for this method
    Route find(String method, String path) {
        if (method.equals("OPTIONS")) {
            return new Route("options", false, call -> call.send(204, "text/plain", ""));
        }
        String name = path.startsWith(MODEL) ? MODEL + "{model}" : path;
        Route route = switch (name) {
            case "/v1/chat/completions" -> new Route(name, true, this::chat);
            case "/v1/completions" -> new Route(name, true, this::complete);
            case "/v1/embeddings" -> new Route(name, true, _ -> {
                throw ApiException.refused(404, "not_supported", "this server generates text; it has no embeddings");
            });
            case "/v1/models" -> new Route(name, true, call -> call.send(200, list()));
            case MODEL + "{model}" ->
                new Route(name, true, call -> call.send(200, json(models.named(path.substring(MODEL.length())))));
            case "/" -> new Route(name, false, page::send);
            case "/health" -> new Route(name, false,
                    call -> call.send(200, JsonNodeFactory.instance.objectNode().put("status", "ok")));
            case "/metrics" -> new Route(name, true,
                    call -> call.send(200, "text/plain; version=0.0.4; charset=utf-8", service.metrics.text()));
            default -> throw ApiException.refused(404, null, "there is nothing at " + Fields.shown(path));
        };
        String wanted = List.of("/v1/chat/completions", "/v1/completions", "/v1/embeddings").contains(name)
                ? "POST"
                : "GET";
        if (!method.equals(wanted) && !(method.equals("HEAD") && wanted.equals("GET"))) {
            throw ApiException.refused(405, null, name + " is for " + wanted + " requests");
        }
        return route;
    }

    private ObjectNode list() {
        ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = list.putArray("data");
        models.models().forEach(model -> data.add(json(model)));
        return list;
    }

    /// As OpenAI has it, and under `meta` what a page for chat wants to know.
    private ObjectNode json(ServedModel model) {
        ObjectNode json = JsonNodeFactory.instance.objectNode()
                .put("id", model.name())
                .put("object", "model")
                .put("created", models.created())
                .put("owned_by", "llams");
        Sampling sampling = Sampling.standard().settled(model.sampling());
        json.putObject("meta")
                .put("context", service.context)
                .put("chat_template", model.chatFormat())
                .putObject("sampling")
                .put("temperature", sampling.temperature())
                .put("top_p", sampling.topP())
                .put("top_k", sampling.topK())
                .put("min_p", sampling.minP());
        return json;
    }

    private void chat(Call call) throws IOException {
        ChatRequest request = ChatRequest.of(call.object(settings.bodyBytes()), models, service.context);
        Replies replies = Replies.of("chatcmpl-", "chat.completion", "chat.completion.chunk", request.model(),
                request.settings());
        generate(call, new ChatForm(replies, request.tools()), request.settings(), request.tasks(models));
    }

    private void complete(Call call) throws IOException {
        CompletionRequest request = CompletionRequest.of(call.object(settings.bodyBytes()), models, service.context);
        Replies replies = Replies.of("cmpl-", "text_completion", "text_completion", request.model(),
                request.settings());
        generate(call, new CompletionForm(replies), request.settings(), request.tasks());
    }

    private void generate(Call call, Generation.Form form, Settings wanted, List<Answer.Task> tasks)
            throws IOException {
        new Generation(call, form, wanted, tasks, service.metrics).run(service.scheduler);
    }
}
