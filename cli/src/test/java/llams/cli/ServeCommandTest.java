package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `serve` says where it listens, answers there, and ends when it is interrupted.
class ServeCommandTest {
    private static final Pattern ADDRESS = Pattern.compile("serving model at (http://\\S+)/v1;");

    @TempDir
    Path temporary;

    @Test
    void answersUntilItIsInterrupted() throws Exception {
        Path model = SmallModel.create(temporary);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        AtomicInteger code = new AtomicInteger(-1);
        Thread program = new Thread(() -> code.set(Main.run(
                new String[] {"serve", "-m", model.toString(), "--port", "0", "--slots", "2", "--device", "cpu"},
                InputStream.nullInputStream(), new ByteArrayOutputStream(), err)));
        program.start();
        Matcher address = ADDRESS.matcher("");
        while (!address.find() && program.isAlive()) {
            Thread.sleep(10);
            address = ADDRESS.matcher(err.toString(StandardCharsets.UTF_8));
        }
        assertTrue(program.isAlive(), err.toString(StandardCharsets.UTF_8));
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client
                    .send(HttpRequest.newBuilder(URI.create(address.group(1) + "/v1/completions"))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"Hello\", \"max_tokens\": 3}"))
                            .build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer.body());
        }
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("to chat in a browser: " + address.group(1) + "/"),
                err.toString(StandardCharsets.UTF_8));
        program.interrupt();
        program.join(10_000);
        assertEquals(Console.DONE, code.get(), err.toString(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource({"--port, 70000", "--slots, 0", "--context, 0", "--queue, -1", "--timeout, 0"})
    void impossibleValuesAreRefusedByName(String option, String value) {
        Llams run = Llams.run("serve", "-m", temporary.toString(), option, value);
        assertEquals(Console.WRONG_USAGE, run.code(), run.err());
        assertTrue(run.err().contains(option), run.err());
    }
}
