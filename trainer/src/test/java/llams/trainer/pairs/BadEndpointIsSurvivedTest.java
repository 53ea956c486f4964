package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever a connection or an endpoint does, the pairs are right in the end or the error is clear.
class BadEndpointIsSurvivedTest extends PairsTestCase {
    private static final String GOOD = "{\"q_ko\": \"왜요?\", \"a_ko\": \"그냥요.\", \"q_en\": \"Why?\", \"a_en\": \"No"
            + " reason.\"}";

    private static FakeEndpoint.Reply cutAfter(int bytes) {
        return (request, out) -> {
            byte[] body = FakeEndpoint.answer(request, FakeEndpoint.pairs(request)).getBytes(StandardCharsets.UTF_8);
            FakeEndpoint.write(out, 200, Arrays.copyOf(body, bytes), body.length);
        };
    }

    @Test
    void aCutConnectionAndHalfAnEnvelopeAreAskedAgain() throws IOException {
        server.fault((_, _) -> {}, cutAfter(0), cutAfter(50), server.usual);
        server.fault(FakeEndpoint.status(200, "{\"choices\": [{\"mess"), FakeEndpoint.status(200, "<html>"),
                FakeEndpoint.status(200, ""));
        assertEquals(new PairCounts(4, 2, 0, 0, 0, 0, 20, 200), generate(4));
        assertEquals(pairsOf(0, 1), lines());
        assertEquals(topicsOf(0, 0, 0, 0, 1, 1, 1, 1), asked());
        assertEquals(6, notes.size(), notes::toString);
    }

    @Test
    void anEndpointThatIsSilentIsAskedAgain() throws IOException {
        // On a busy machine, an answer may take longer than this too.
        settings = settings.withTimeout(Duration.ofMillis(300)).withAttempts(20, Duration.ofMillis(2));
        CountDownLatch over = new CountDownLatch(1);
        server.fault((_, _) -> over.await(), (_, out) -> {
            FakeEndpoint.write(out, 200, new byte[] {'{'}, 1000);
            over.await();
        }, (_, out) -> {
            FakeEndpoint.write(out, 200, new byte[] {'{'}, 1000);
            // A byte now and then is no answer either.
            while (over.getCount() > 0) {
                out.write(' ');
                out.flush();
                Thread.sleep(50);
            }
        });
        assertEquals(2, generate(2).pairs());
        assertTrue(notes.stream().allMatch(note -> note.contains("no answer within")), notes::toString);
        over.countDown();
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 529})
    void aBusyEndpointIsAskedAgain(int status) throws IOException {
        server.fault(FakeEndpoint.status(status, ""),
                FakeEndpoint.status(status, "{\"error\": {\"message\": \"slow\\ndown\"}}"));
        assertEquals(2, generate(2).pairs());
        assertTrue(notes.getFirst().startsWith("request 0: the server answers " + status + "; retrying in "),
                notes::toString);
        assertTrue(notes.getLast().contains("answers " + status + " (slow down); retrying in "), notes::toString);
    }

    @Test
    void itSaysForHowLongAndAllWait() throws IOException {
        settings = settings.withParallel(3);
        long start = System.nanoTime();
        server.fault(FakeEndpoint.status(429, "", "Retry-After", "1"));
        assertEquals(12, generate(12).pairs());
        assertTrue(System.nanoTime() - start > 900_000_000L);
        assertTrue(notes.getFirst().contains("asks to wait 1 s; retrying in 1.0 s"), notes::toString);
        // Those that were under way with the first one, and it again after the wait.
        assertTrue(server.requests.size() == 7, server.requests.size() + " requests");
    }

    @Test
    void itMaySayADateAndTooLongIsTooLong() throws IOException {
        server.fault(FakeEndpoint.status(429, "", "Retry-After",
                DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(2))));
        assertEquals(2, generate(2).pairs());
        assertTrue(notes.getFirst().contains(" and asks to wait "), notes::toString);
        server.fault(
                FakeEndpoint.status(429, "{\"error\": {\"message\": \"quota exceeded\"}}", "Retry-After", "86400"));
        refused(request(4), "answers 429 (quota exceeded) and asks to wait 86400 s; given up after 1 attempt; 2 of"
                + " 4 pairs are in " + out + ", and the same command continues");
        assertEquals(4, generate(4).pairs());
    }

    @Test
    void attemptsEnd() throws IOException {
        server.usual = FakeEndpoint.status(500, "");
        String message = refused(request(2), "answers 500; given up after 4 attempts; no pair has come so far");
        assertTrue(message.startsWith(server.address() + ": "), message);
        assertEquals(4, server.requests.size());
        assertFalse(Files.exists(out));
    }

    /// Not every failure of one request is the endpoint's end.
    @Test
    void aTopicThatAlwaysFailsIsGivenUp() throws IOException {
        settings = settings.withParallel(2).withAttempts(1, Duration.ofMillis(1));
        FakeEndpoint.Reply usual = server.usual;
        String poison = topics().of(1, settings.seed());
        AtomicInteger granted = new AtomicInteger();
        server.usual = (request, out) -> {
            if (request.topic().equals(poison)) {
                int before = granted.get();
                while (granted.get() < before + 2) {
                    Thread.sleep(5);
                }
                FakeEndpoint.write(out, 400, "{\"error\": {\"message\": \"not about this\"}}");
            } else {
                usual.answer(request, out);
                granted.incrementAndGet();
            }
        };
        PairCounts counts = generate(60);
        assertEquals(60, counts.pairs());
        assertEquals(3, counts.unusable());
        assertEquals(3, asked().stream().filter(poison::equals).count());
        assertTrue(notes.getLast().contains("answers 400: not about this; given up"), notes::toString);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Sure! Here they are:", "{\"pairs\": [{\"q_ko\": \"왜", "{\"pairs\": []}", "[1, 2]",
                    "\"text\"", "{\"pairs\": [{\"q_ko\": \"왜요?\", \"a_ko\": \"그냥요.\", \"q_en\": \"Why?\"}]}",
                    "{\"pairs\": [{\"q_ko\": \"왜요?\", \"a_ko\": \" \", \"q_en\": \"Why?\", \"a_en\": \"So.\"}]}",
                    "{\"pairs\": [{\"q_ko\": [1], \"a_ko\": \"그냥요.\", \"q_en\": \"Why?\", \"a_en\": \"So.\"}]}"})
    void anAnswerWithoutAPairIsAskedForAgain(String text) throws IOException {
        server.fault(FakeEndpoint.says(text), FakeEndpoint.says(text));
        assertEquals(new PairCounts(2, 3, 2, 0, 0, 0, 30, 300), generate(2));
        assertEquals(topicsOf(0, 0, 0), asked());
        server.fault(FakeEndpoint.says(text), FakeEndpoint.says(text), FakeEndpoint.says(text));
        assertEquals(new PairCounts(4, 7, 5, 0, 0, 0, 70, 700), generate(4));
        assertEquals(topicsOf(1, 1, 1, 2), asked().subList(3, 7));
        assertTrue(notes.getLast().endsWith("; given up"), notes::toString);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[%s]", "{\"pairs\": [%s]}", "{\"data\": [%s]}", "%s", "```json\n[%s]\n```",
                    "Here: {\"p\": [%s]}.", "<think>{\"a\": [}</think>\n{\"pairs\": [%s]}"})
    void pairsAreFoundInWhatIsAroundThem(String form) {
        WrittenPairs written = WrittenPairs.read(form.formatted(GOOD));
        assertEquals(1, written.pairs().size());
        assertEquals("그냥요.", written.pairs().getFirst().aKo());
    }

    @Test
    void theGoodPairsOfAnAnswerAreKept() {
        WrittenPairs written = WrittenPairs.read("[" + GOOD + ", {\"q_ko\": \"왜\"}, 7, " + GOOD + "]");
        assertEquals(2, written.pairs().size());
        assertEquals(2, written.incomplete());
    }

    @Test
    void whyAnAnswerIsShortIsSaid() throws IOException {
        server.fault(
                FakeEndpoint.status(200,
                        "{\"choices\": [{\"finish_reason\": \"length\", \"message\":"
                                + " {\"content\": \"{\\\"pairs\\\": [{\"}}], \"usage\": {\"completion_tokens\": 5}}"),
                FakeEndpoint.status(200, "{\"choices\": [{\"finish_reason\": \"stop\", \"message\": {\"content\": null,"
                        + " \"refusal\": \"I can't.\"}}]}"));
        assertEquals(2, generate(2).pairs());
        assertTrue(notes.getFirst()
                .contains("the endpoint ended it: length; ask for fewer pairs at once with"
                        + " `perRequest`, or raise `maxTokens`"),
                notes::toString);
        assertTrue(notes.getLast().contains("the answer is empty (I can't.)"), notes::toString);
        Answer blocked = Api.GEMINI.answer(JsonLine.value("{\"promptFeedback\": {\"blockReason\": \"SAFETY\"}}", ""));
        assertEquals(new Answer("", "the endpoint ended it: SAFETY", 0, 0), blocked);
    }

    @Test
    void nothingNewEndsTheRun() throws IOException {
        settings = settings.withBarren(3);
        server.usual = FakeEndpoint.says("[" + GOOD + "]");
        refused(request(4), "3 requests in a row brought no new pair; look at the answers in " + out
                + ".run, and give more topics or another prompt; 1 of 4 pairs are in " + out);
        assertEquals(List.of(GOOD.replace(": ", ":").replace(", ", ",")), lines());
        assertEquals(4, server.requests.size());
    }

    @Test
    void wordsOfRefusalsSayWhatToDo() throws IOException {
        server.usual = FakeEndpoint.status(404, "{\"error\": {\"message\": \"The model does not exist\"}}");
        refused(request(2), "has no /v1/chat/completions or no model writer-1 (404: The model does not exist)");
        server.usual = FakeEndpoint.status(400, "{\"error\": {\"message\": \"response_format is not known\"}}");
        refused(request(2), "answers 400: response_format is not known");
        assertEquals(2, server.requests.size());
    }

    @Test
    void requestsKeepTheirDistance() throws IOException {
        settings = settings.withParallel(4).withRequestsPerMinute(600);
        long start = System.nanoTime();
        assertEquals(12, generate(12).pairs());
        assertTrue(System.nanoTime() - start > 480_000_000L, "six requests, a tenth of a second between them");
    }
}
