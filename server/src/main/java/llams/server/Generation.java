package llams.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import llams.engine.generate.Batch;
import tools.jackson.databind.node.ObjectNode;

/// The answers to one request: asks for them, and sends them as they come or once all are there.
final class Generation {
    /// After so long without anything to send, something that means nothing is sent.
    private static final long PULSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /// That begins later where it fixes the answer's status.
    private static final int FIRST_PULSE = 4;
    /// Events that a client may be behind by.
    private static final int MOST_BEHIND = 4096;

    /// What the answers look like to the client.
    interface Form {
        /// All answers at once.
        ObjectNode whole(List<Answer> answers);

        /// What a stream says when an answer begins; may be nothing.
        List<ObjectNode> begin(int choice, Answer answer);

        /// What a stream says about a piece; may be nothing.
        List<ObjectNode> piece(Outbox.Piece piece, Answer answer);

        /// What a stream says when an answer ends.
        List<ObjectNode> end(int choice, Answer answer);

        /// What a stream says last, of the numbers of tokens.
        ObjectNode usage(List<Answer> answers);
    }

    private final Call call;
    private final Form form;
    private final Settings settings;
    private final Outbox outbox = new Outbox(MOST_BEHIND);
    private final List<Answer> answers = new ArrayList<>();

    Generation(Call call, Form form, Settings settings, List<Answer.Task> tasks, Metrics metrics) {
        this.call = call;
        this.form = form;
        this.settings = settings;
        for (Answer.Task task : tasks) {
            answers.add(new Answer(task, answers.size(), settings.isStream(), outbox, metrics));
        }
    }

    /// @throws ApiException if the request cannot be served
    /// @throws IOException  if the client has gone
    void run(Scheduler scheduler) throws IOException {
        List<Batch.Request> requests = answers.stream().map(Answer::request).toList();
        scheduler.submit(requests);
        try {
            if (settings.isStream()) {
                call.stream();
            }
            send();
            finish();
        } catch (InterruptedException e) {
            throw new IOException("the client does not read its answer", e);
        } finally {
            outbox.abandon();
        }
    }

    private void send() throws IOException, InterruptedException {
        int ended = 0;
        int pulses = settings.isStream() ? FIRST_PULSE : 0;
        while (ended < answers.size()) {
            Outbox.Event event = outbox.take(PULSE_NANOS);
            if (event == null && ++pulses > FIRST_PULSE) {
                call.pulse();
            }
            List<ObjectNode> chunks = new ArrayList<>();
            for (; event != null; event = outbox.take(0)) {
                ended += event instanceof Outbox.Ended ? 1 : 0;
                chunks.addAll(chunks(event));
            }
            if (!chunks.isEmpty()) {
                call.events(chunks);
            }
        }
    }

    private List<ObjectNode> chunks(Outbox.Event event) {
        Answer answer = answers.get(event.choice());
        return switch (event) {
            case Outbox.Failed(_, RuntimeException problem) -> throw problem;
            case Outbox.Begun(int choice) when settings.isStream() -> form.begin(choice, answer);
            case Outbox.Piece piece -> form.piece(piece, answer);
            case Outbox.Ended(int choice) when settings.isStream() -> form.end(choice, answer);
            case Outbox.Begun _,Outbox.Ended _ -> List.of();
        };
    }

    private void finish() throws IOException {
        if (!settings.isStream()) {
            call.send(200, form.whole(answers));
            return;
        }
        if (settings.usage()) {
            call.events(List.of(form.usage(answers)));
        }
        call.endStream();
    }
}
