package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// An endpoint, a directory, and pairs that come from the one into the other without waits.
@Timeout(60)
abstract class PairsTestCase implements PairListener {
    static final String KEY = "sk-0123456789abcdefSECRET";

    @TempDir
    Path directory;

    FakeEndpoint server;
    Path out;
    PairSettings settings = PairSettings.standard()
            .withPerRequest(2)
            .withParallel(1)
            .withAttempts(4, Duration.ofMillis(2))
            .withTimeout(Duration.ofSeconds(10));
    final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    PairCounts last;

    @BeforeEach
    void start() throws IOException {
        server = new FakeEndpoint();
        out = directory.resolve("pairs.jsonl");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Override
    public void at(PairCounts counts) {
        last = counts;
    }

    @Override
    public void note(String line) {
        notes.add(line);
    }

    static ApiKey key(String value) {
        return ApiKey.findOrNull("KEY", Map.of("KEY", value));
    }

    Endpoint endpoint(Api api) {
        return Endpoint.standard(api, "writer-1").withAddress(server.address()).withKey(key(KEY));
    }

    /// Two hundred topics, from 가 on.
    static Topics topics() {
        return new Topics(IntStream.range(0, 200).mapToObj(i -> Character.toString('가' + i)).toList());
    }

    PairRequest request(int pairs) {
        return new PairRequest(endpoint(Api.OPENAI), pairs, out, topics(),
                new PairPrompt(FakeEndpoint.TEMPLATE, List.of(), 0), settings);
    }

    PairCounts generate(int pairs) throws IOException {
        return new PairGeneration(request(pairs), this).run();
    }

    /// Fails in one line that says all of `parts`, and nowhere shows the key.
    String refused(PairRequest request, String... parts) throws IOException {
        Exception failure = assertThrows(Exception.class, () -> new PairGeneration(request, this).run());
        String message = failure.getMessage();
        assertEquals(1, message.lines().count(), message);
        for (String part : parts) {
            assertTrue(message.contains(part), "wanted \"" + part + "\" in: " + message);
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            assertFalse(cause.toString().contains("SECRET"), cause::toString);
        }
        theKeyIsNowhere();
        return message;
    }

    void theKeyIsNowhere() throws IOException {
        assertFalse(notes.toString().contains("SECRET"), notes::toString);
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                assertFalse(Files.readString(file).contains("SECRET"), file::toString);
            }
        }
    }

    List<String> lines() throws IOException {
        return Files.readAllLines(out);
    }

    /// The pairs of these requests, in this order, with two each.
    List<String> pairsOf(int... requests) {
        return IntStream.of(requests)
                .boxed()
                .flatMap(number -> Stream.of(0, 1)
                        .map(i -> FakeEndpoint.pair(topics().of(number, settings.seed()), i).json().toString()))
                .toList();
    }

    /// The topics that were asked for, in order.
    List<String> asked() {
        return server.requests.stream().map(FakeEndpoint.Request::topic).toList();
    }

    List<String> topicsOf(int... requests) {
        return IntStream.of(requests).mapToObj(number -> topics().of(number, settings.seed())).toList();
    }
}
