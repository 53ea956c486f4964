package llams.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What answers to `/v1/chat/completions` look like.
final class ChatForm implements Generation.Form {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Replies replies;
    private final Tools tools;
    /// What a stream's answers have said, as long as it may become a call; nothing of one that is text.
    private final Map<Integer, List<Outbox.Piece>> held = new HashMap<>();

    ChatForm(Replies replies, Tools tools) {
        this.replies = replies;
        this.tools = tools;
    }

    @Override
    public ObjectNode whole(List<Answer> answers) {
        List<ObjectNode> choices = new ArrayList<>();
        for (Answer answer : answers) {
            Tools.Call call = tools.call(answer.text);
            ObjectNode choice = JSON.objectNode().put("index", choices.size());
            ObjectNode message = choice.putObject("message").put("role", "assistant");
            message.put("content", call == null ? answer.text.toString() : null).putNull("refusal");
            if (call != null) {
                message.putArray("tool_calls").add(json(call));
            }
            setScores(choice, answer, answer.scores);
            choices.add(choice.put("finish_reason", call == null ? answer.finish() : "tool_calls"));
        }
        return replies.whole(choices, answers);
    }

    private static ObjectNode json(Tools.Call call) {
        ObjectNode json = JSON.objectNode().put("id", "call_" + UUID.randomUUID().toString().replace("-", ""));
        json.put("type", "function").putObject("function").put("name", call.name()).put("arguments", call.arguments());
        return json;
    }

    @Override
    public List<ObjectNode> begin(int choice, Answer answer) {
        held.put(choice, new ArrayList<>());
        ObjectNode delta = JSON.objectNode().put("role", "assistant").put("content", "").putNull("refusal");
        return List.of(chunk(choice, delta, answer, List.of(), null));
    }

    @Override
    public List<ObjectNode> piece(Outbox.Piece piece, Answer answer) {
        List<Outbox.Piece> pieces = held.get(piece.choice());
        if (pieces == null) {
            return List.of(text(piece, answer));
        }
        pieces.add(piece);
        StringBuilder text = new StringBuilder();
        pieces.forEach(one -> text.append(one.text()));
        return tools.mayBeCall(text) ? List.of() : release(piece.choice(), answer);
    }

    private List<ObjectNode> release(int choice, Answer answer) {
        List<Outbox.Piece> pieces = held.remove(choice);
        return pieces == null ? List.of() : pieces.stream().map(piece -> text(piece, answer)).toList();
    }

    private ObjectNode text(Outbox.Piece piece, Answer answer) {
        List<TokenScore> scores = piece.scoreOrNull() == null ? List.of() : List.of(piece.scoreOrNull());
        return chunk(piece.choice(), JSON.objectNode().put("content", piece.text()), answer, scores, null);
    }

    @Override
    public List<ObjectNode> end(int choice, Answer answer) {
        Tools.Call call = tools.call(answer.text);
        List<ObjectNode> chunks = new ArrayList<>();
        if (call == null) {
            chunks.addAll(release(choice, answer));
        } else {
            ObjectNode delta = JSON.objectNode();
            ObjectNode json = JSON.objectNode().put("index", 0);
            json.setAll(json(call));
            delta.putArray("tool_calls").add(json);
            chunks.add(chunk(choice, delta, answer, List.of(), null));
        }
        chunks.add(chunk(choice, JSON.objectNode(), answer, List.of(), call == null ? answer.finish() : "tool_calls"));
        return chunks;
    }

    @Override
    public ObjectNode usage(List<Answer> answers) {
        return replies.usageChunk(answers);
    }

    private ObjectNode chunk(int index, ObjectNode delta, Answer answer, List<TokenScore> scores, String finish) {
        ObjectNode choice = JSON.objectNode().put("index", index);
        choice.set("delta", delta);
        setScores(choice, answer, scores);
        return replies.chunk(choice.put("finish_reason", finish));
    }

    private void setScores(ObjectNode choice, Answer answer, List<TokenScore> scores) {
        if (answer.task.topScores() < 0 || scores.isEmpty()) {
            choice.putNull("logprobs");
            return;
        }
        Tokenizer tokenizer = replies.model().text().tokenizer();
        ObjectNode all = choice.putObject("logprobs");
        ArrayNode content = all.putArray("content");
        for (TokenScore score : scores) {
            ObjectNode token = token(tokenizer, score.id(), score.logProbability());
            ArrayNode top = token.putArray("top_logprobs");
            for (int i = 0; i < score.top().length; i++) {
                top.add(token(tokenizer, score.top()[i], score.topLogProbabilities()[i]));
            }
            content.add(token);
        }
        all.putNull("refusal");
    }

    private static ObjectNode token(Tokenizer tokenizer, int id, double logProbability) {
        ObjectNode token = JSON.objectNode().put("token", Replies.text(tokenizer, id)).put("logprob", logProbability);
        token.set("bytes", Replies.bytes(tokenizer, id));
        return token;
    }
}
