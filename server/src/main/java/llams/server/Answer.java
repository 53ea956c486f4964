package llams.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import llams.engine.generate.Batch;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.model.text.TextStream;
import llams.server.grammar.TokenConstraint;

/// One answer that is being made. The thread that generates changes it; once it has ended, others may look at it.
final class Answer implements Batch.Listener {
    /// What an answer is made from.
    ///
    /// @param stopIds        what ends it
    /// @param topScores      how many of the most probable tokens are wanted for each; -1 for no scores at all
    /// @param echo           whether the prompt's scores are wanted too
    /// @param constraintOrNull what it must look like
    record Task(ServedModel model, int[] prompt, int maxTokens, Set<Integer> stopIds, List<String> stops,
            Sampler sampler, int topScores, boolean echo, TokenConstraint constraintOrNull) {}

    final Task task;
    private final int choice;
    private final Outbox outbox;
    private final Metrics metrics;
    private final boolean isStream;
    private final TextStream stream;
    final StringBuilder text = new StringBuilder();
    final List<TokenScore> scores = new ArrayList<>();
    /// Of the prompt's tokens but the first.
    final List<TokenScore> promptScores = new ArrayList<>();
    int tokens;
    /// Tokens of the prompt that were found in the cache.
    int found;
    /// Null until it has ended.
    Generator.End end;
    private TokenScore score;
    private final long start = System.nanoTime();

    Answer(Task task, int choice, boolean isStream, Outbox outbox, Metrics metrics) {
        this.task = task;
        this.choice = choice;
        this.isStream = isStream;
        this.outbox = outbox;
        this.metrics = metrics;
        this.stream = new TextStream(task.model.text().tokenizer(), task.stops);
    }

    Batch.Request request() {
        return new Batch.Request(task.model.number(), task.prompt, task.maxTokens, task.stopIds,
                task.echo && task.topScores >= 0, this);
    }

    @Override
    public boolean isWanted() {
        return outbox.isWanted();
    }

    @Override
    public void begin(int inCache) {
        found = inCache;
        metrics.promptTokens.add(task.prompt.length);
        metrics.foundTokens.add(inCache);
        outbox.put(new Outbox.Begun(choice));
    }

    @Override
    public void scored(int position, float[] logits) {
        leaveOutTextless(logits);
        promptScores.add(TokenScore.of(logits, task.prompt[position + 1], task.topScores));
    }

    /// An id that stands for no text cannot be part of an answer.
    private void leaveOutTextless(float[] logits) {
        int ids = task.model.text().tokenizer().size();
        Arrays.fill(logits, Math.min(logits.length, ids), logits.length, Float.NEGATIVE_INFINITY);
    }

    @Override
    public int pick(float[] logits, int index) {
        if (index == 0) {
            metrics.firstToken.record(System.nanoTime() - start);
        }
        leaveOutTextless(logits);
        // Both the constraint and the sampler may write into the scores.
        float[] before = task.topScores < 0 ? null : logits.clone();
        if (task.constraintOrNull != null) {
            task.constraintOrNull.mask(logits, task.stopIds);
        }
        int id = task.sampler.pick(logits, index);
        score = before == null ? null : TokenScore.of(before, id, task.topScores);
        return id;
    }

    @Override
    public boolean accept(int id) {
        tokens++;
        metrics.generatedTokens.increment();
        if (task.constraintOrNull != null) {
            task.constraintOrNull.accept(id);
        }
        say(stream.accept(id), score);
        return !stream.isStopped() && (task.constraintOrNull == null || !task.constraintOrNull.isDone());
    }

    private void say(String piece, TokenScore scoreOrNull) {
        text.append(piece);
        if (scoreOrNull != null) {
            scores.add(scoreOrNull);
        }
        if (isStream && (!piece.isEmpty() || scoreOrNull != null)) {
            outbox.put(new Outbox.Piece(choice, piece, scoreOrNull));
        }
    }

    @Override
    public void end(Generator.End why) {
        say(stream.finish(), null);
        end = why;
        outbox.put(new Outbox.Ended(choice));
    }

    /// Why it has ended, as OpenAI's clients are told.
    String finish() {
        return switch (end) {
            case STOP_ID, CALLER -> "stop";
            case LENGTH, CAPACITY -> "length";
        };
    }

    @Override
    public void fail(RuntimeException problem) {
        outbox.put(new Outbox.Failed(choice, problem));
    }
}
