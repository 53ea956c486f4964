package llams.server;

import java.util.ArrayList;
import java.util.List;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What answers to `/v1/completions` look like.
record CompletionForm(Replies replies) implements Generation.Form {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @Override
    public ObjectNode whole(List<Answer> answers) {
        List<ObjectNode> choices = new ArrayList<>();
        for (Answer answer : answers) {
            String text = answer.task.echo() ? prompt(answer) + answer.text : answer.text.toString();
            choices.add(
                    choice(choices.size(), text, scores(answer, answer.scores, answer.task.echo()), answer.finish()));
        }
        return replies.whole(choices, answers);
    }

    private String prompt(Answer answer) {
        return tokenizer().decode(answer.task.prompt());
    }

    private Tokenizer tokenizer() {
        return replies.model().text().tokenizer();
    }

    private static ObjectNode choice(int index, String text, ObjectNode scores, String finish) {
        ObjectNode choice = JSON.objectNode().put("index", index).put("text", text);
        choice.set("logprobs", scores == null ? JSON.nullNode() : scores);
        return choice.put("finish_reason", finish);
    }

    /// A prompt with its scores comes as one piece, as soon as it is read.
    @Override
    public List<ObjectNode> begin(int choice, Answer answer) {
        return List.of();
    }

    @Override
    public List<ObjectNode> piece(Outbox.Piece piece, Answer answer) {
        List<TokenScore> scores = piece.scoreOrNull() == null ? List.of() : List.of(piece.scoreOrNull());
        return List.of(replies.chunk(choice(piece.choice(), piece.text(), scores(answer, scores, false), null)));
    }

    @Override
    public List<ObjectNode> end(int choice, Answer answer) {
        return List.of(replies.chunk(choice(choice, "", null, answer.finish())));
    }

    @Override
    public ObjectNode usage(List<Answer> answers) {
        return replies.usageChunk(answers);
    }

    /// The tokens with their scores, the prompt's before them if `echo`; null if none were asked for.
    private ObjectNode scores(Answer answer, List<TokenScore> scores, boolean echo) {
        if (answer.task.topScores() < 0) {
            return null;
        }
        ObjectNode all = JSON.objectNode();
        Columns columns = new Columns(all.putArray("tokens"), all.putArray("token_logprobs"),
                all.putArray("top_logprobs"), all.putArray("text_offset"), tokenizer());
        int offset = 0;
        if (echo) {
            // Nothing predicts the first token.
            offset = columns.add(answer.task.prompt()[0], null, offset);
            for (TokenScore score : answer.promptScores) {
                offset = columns.add(score.id(), score, offset);
            }
        }
        for (TokenScore score : scores) {
            offset = columns.add(score.id(), score, offset);
        }
        return all;
    }

    private record Columns(ArrayNode tokens, ArrayNode scores, ArrayNode tops, ArrayNode offsets, Tokenizer tokenizer) {
        int add(int id, TokenScore scoreOrNull, int offset) {
            String text = Replies.text(tokenizer, id);
            tokens.add(text);
            offsets.add(offset);
            if (scoreOrNull == null) {
                scores.addNull();
                tops.addNull();
            } else {
                scores.add(scoreOrNull.logProbability());
                ObjectNode top = tops.addObject();
                for (int i = 0; i < scoreOrNull.top().length; i++) {
                    top.put(Replies.text(tokenizer, scoreOrNull.top()[i]), scoreOrNull.topLogProbabilities()[i]);
                }
            }
            return offset + text.length();
        }
    }
}
