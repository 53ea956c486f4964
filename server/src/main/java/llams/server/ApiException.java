package llams.server;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A request that is refused, as OpenAI's clients are told.
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String INVALID = "invalid_request_error";

    final int status;
    final String type;
    /// The field that is wrong; null if none is.
    final String param;
    /// Tells programs what is wrong; null if the status says it.
    final String code;

    ApiException(int status, String type, String code, String param, String message) {
        super(message);
        this.status = status;
        this.type = type;
        this.code = code;
        this.param = param;
    }

    static ApiException invalid(String param, String message) {
        return new ApiException(400, INVALID, null, param, message);
    }

    static ApiException unsupported(String param, String message) {
        return new ApiException(400, INVALID, "unsupported_parameter", param, message);
    }

    static ApiException tooLong(int tokens, int context) {
        return new ApiException(400, INVALID, "context_length_exceeded", null, "the prompt has " + tokens
                + " tokens, and the context of " + context + " has no room for an answer; shorten it");
    }

    static ApiException noSuchModel(String name, Iterable<String> names) {
        return new ApiException(404, INVALID, "model_not_found", "model",
                "there is no model \"" + Fields.shown(name) + "\"; there are: " + String.join(", ", names));
    }

    static ApiException refused(int status, String code, String message) {
        return new ApiException(status, INVALID, code, null, message);
    }

    static ApiException busy(String message) {
        return new ApiException(429, "rate_limit_error", "queue_full", null, message);
    }

    static ApiException failed(int status, String message) {
        return new ApiException(status, "server_error", null, null, message);
    }

    ObjectNode json() {
        ObjectNode error = JsonNodeFactory.instance.objectNode();
        error.putObject("error").put("message", getMessage()).put("type", type).put("param", param).put("code", code);
        return error;
    }
}
