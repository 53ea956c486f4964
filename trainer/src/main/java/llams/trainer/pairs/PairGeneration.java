package llams.trainer.pairs;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import llams.model.files.DataException;
import llams.trainer.data.LanguagePair;

/// Has an endpoint write Korean-English pairs:
///
/// ```java
/// Endpoint endpoint = Endpoint.standard(Api.OPENAI, "NAME").withKey(key);
/// new PairGeneration(PairRequest.standard(endpoint, 4000, Path.of("pairs.jsonl")), listener).run();
/// ```
///
/// Many requests are under way at a time, and one thread takes what they bring. The pairs come in the order of the
/// requests' numbers, whichever answer came first.
public final class PairGeneration {
    /// What one asking of a request came to; neither answer nor failure if it was not asked after all.
    ///
    /// @param cameBefore answers that had come when it began
    private record Result(int request, int cameBefore, Answer answer, CallException failure) {}

    private final PairRequest request;
    private final PairListener listener;
    private final Pacer pacer;
    private final RequestNumbers numbers;
    /// In the order of arrival, to know when there are enough.
    private Selection selection;
    private Journal journal;
    private Caller caller;
    private int underWay;
    /// Answers in this run.
    private int came;
    /// Requests in a row that brought no new pair.
    private int barren;
    private IOException failure;

    /// @throws IllegalArgumentException if the endpoint's address or model is wrong
    public PairGeneration(PairRequest request, PairListener listener) {
        request.endpoint().target();
        this.request = request;
        this.listener = listener;
        this.pacer = new Pacer(request.settings().requestsPerMinute());
        this.numbers = new RequestNumbers(request.settings().asks());
    }

    /// Lets the requests under way end and saves; from any thread.
    public void stop() {
        pacer.stop();
    }

    /// Asks until there are enough pairs, or [#stop], and writes them. A run that ended before that, in whatever way,
    /// is continued: what has come is not asked for again. Can be called once.
    ///
    /// @return what it took; fewer pairs than requested if it was stopped
    /// @throws IOException if the endpoint refuses or fails for good, brings nothing new any more, or a file cannot be
    ///     written; what came is saved
    public PairCounts run() throws IOException {
        try (Journal opened = Journal.open(request.out());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Caller opens = new Caller(request.endpoint(), request.settings(), pacer, this::note)) {
            journal = opened;
            caller = opens;
            journal.outcomes.forEach(numbers::came);
            selection = inOrder();
            hear();
            try {
                while (selection.kept.size() < request.pairs() && !pacer.isStopped()) {
                    ask(new ExecutorCompletionService<>(threads));
                    // Which of two alike is kept, and so perhaps how many, is up to the order.
                    selection = inOrder();
                }
            } finally {
                pacer.stop();
            }
            return publish();
        }
    }

    private void ask(CompletionService<Result> results) throws IOException {
        while (true) {
            while (!pacer.isStopped() && underWay < request.settings().parallel()
                    && selection.kept.size() + (long) underWay * request.perRequest() < request.pairs()) {
                int number = numbers.take();
                int cameBefore = came;
                results.submit(() -> call(number, cameBefore));
                underWay++;
            }
            if (underWay == 0) {
                return;
            }
            try {
                take(results.take().get());
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    private Result call(int number, int cameBefore) throws InterruptedException {
        try {
            return new Result(number, cameBefore, caller.ask(request.body(number), "request " + number), null);
        } catch (CallException e) {
            return new Result(number, cameBefore, null, e);
        }
    }

    private void take(Result result) throws IOException {
        underWay--;
        CallException failed = result.failure;
        if (result.answer == null && (failed == null || failed.concernsAll)) {
            numbers.free(result.request);
            if (failed != null) {
                fail(failed);
            }
            return;
        }
        if (failed != null && came == result.cameBefore) {
            // No other request was granted meanwhile, so it is not this one's fault.
            fail(failed);
        }
        came += failed == null ? 1 : 0;
        Outcome outcome = failed == null
                ? read(result.request, result.answer)
                : outcome(result.request, new Answer("", "", 0, 0), List.of(), 0, failed.getMessage());
        journal.add(outcome);
        boolean finished = numbers.came(outcome);
        if (!outcome.unusable().isEmpty()) {
            note("request " + outcome.request() + ": " + outcome.unusable() + "; "
                    + (finished ? "given up" : "to be asked again"));
        }
        int before = selection.kept.size();
        outcome.pairs().forEach(selection::add);
        if (selection.kept.size() > before) {
            barren = 0;
        } else if (finished && ++barren == request.settings().barren()) {
            fail(new IOException(barren + " requests in a row brought no new pair; look at the answers in "
                    + journal.directory() + ", and give more topics or another prompt"));
        }
        hear();
    }

    private Outcome read(int number, Answer answer) {
        try {
            WrittenPairs written = WrittenPairs.read(answer.text());
            return outcome(number, answer, written.pairs(), written.incomplete(), "");
        } catch (DataException e) {
            return outcome(number, answer, List.of(), 0,
                    e.getMessage() + (answer.doubt().isEmpty() ? "" : " (" + answer.doubt() + ")"));
        }
    }

    private Outcome outcome(int number, Answer answer, List<LanguagePair> pairs, int incomplete, String unusable) {
        return new Outcome(number, request.topic(number), request.endpoint().model(), answer.promptTokens(),
                answer.completionTokens(), pairs, incomplete, unusable);
    }

    private void fail(IOException e) {
        failure = failure == null ? e : failure;
        pacer.stop();
    }

    private Selection inOrder() {
        Selection ordered = new Selection();
        journal.outcomes.stream()
                .sorted(Comparator.comparingInt(Outcome::request))
                .forEach(outcome -> outcome.pairs().forEach(ordered::add));
        return ordered;
    }

    private PairCounts publish() throws IOException {
        PairCounts counts = counts();
        if (counts.pairs() > 0) {
            journal.publish(selection.kept.subList(0, counts.pairs()));
        }
        if (failure != null) {
            throw new IOException(
                    String.format(Locale.ROOT, "%s; %s, and the same command continues", failure.getMessage(),
                            counts.pairs() == 0
                                    ? "no pair has come so far"
                                    : String.format(Locale.ROOT, "%,d of %,d pairs are in %s", counts.pairs(),
                                            request.pairs(), request.out())),
                    failure);
        }
        return counts;
    }

    private PairCounts counts() {
        int answers = 0;
        int unusable = 0;
        int incomplete = 0;
        long promptTokens = 0;
        long completionTokens = 0;
        for (Outcome outcome : journal.outcomes) {
            answers += outcome.isAnswered() ? 1 : 0;
            unusable += outcome.unusable().isEmpty() ? 0 : 1;
            incomplete += outcome.incomplete();
            promptTokens += outcome.promptTokens();
            completionTokens += outcome.completionTokens();
        }
        return new PairCounts(Math.min(selection.kept.size(), request.pairs()), answers, unusable, incomplete,
                selection.duplicates, selection.wrongScript, promptTokens, completionTokens);
    }

    private synchronized void note(String line) {
        listener.note(line);
    }

    private synchronized void hear() {
        listener.at(counts());
    }
}
