package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The command, against an endpoint on the loopback address.
@Timeout(120)
class GeneratePairsCommandTest {
    private static final String KEY = "sk-0123456789abcdefSECRET";

    @TempDir
    Path directory;

    private ServerSocket server;
    private Path out;
    /// The topics that were asked for.
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private volatile int status = 200;
    private volatile int delayMillis;
    private volatile String authorization;

    @BeforeEach
    void serve() throws IOException {
        out = directory.resolve("pairs.jsonl");
        Files.writeString(directory.resolve("prompt.txt"), "{topic}");
        Files.writeString(directory.resolve("topics.txt"),
                IntStream.range(0, 1000).mapToObj(i -> "topic " + i).collect(Collectors.joining("\n")));
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> answer(socket));
                } catch (IOException _) {
                    // Closed.
                }
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private void answer(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            int length = 0;
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                String[] header = line.split(": ", 2);
                length = header[0].equalsIgnoreCase("Content-Length") ? Integer.parseInt(header[1]) : length;
                authorization = header[0].equalsIgnoreCase("Authorization") ? header[1] : authorization;
            }
            String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
            String topic = JsonLine.value(body, "body").path("messages").path(0).path("content").stringValue();
            asked.add(topic);
            Thread.sleep(delayMillis);
            byte[] answer = answer(topic).getBytes(StandardCharsets.UTF_8);
            socket.getOutputStream()
                    .write(("HTTP/1.1 " + status + " x\r\nConnection: close\r\nContent-Length: " + answer.length
                            + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(answer);
        } catch (Exception _) {
            // The client hung up.
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n' && b >= 0; b = in.read()) {
            line.append(b == '\r' ? "" : (char) b);
        }
        return line.toString();
    }

    private static String answer(String topic) {
        ObjectNode written = JsonNodeFactory.instance.objectNode();
        ArrayNode pairs = written.putArray("pairs");
        for (int i = 0; i < 2; i++) {
            pairs.addObject()
                    .put("q_ko", topic + " 질문 " + i)
                    .put("a_ko", "답 " + i)
                    .put("q_en", "question " + i + " of " + topic)
                    .put("a_en", "answer " + i);
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("choices").addObject().putObject("message").put("content", written.toString());
        json.putObject("usage").put("prompt_tokens", 10).put("completion_tokens", 100);
        return json.toString();
    }

    private String[] generate(int pairs, String... more) {
        return Stream.concat(Stream.of("data", "generate", "--endpoint", "http://127.0.0.1:" + server.getLocalPort(),
                "--model", "writer-1", "--pairs", "" + pairs, "--out", out.toString(), "--per-request", "2", "--prompt",
                directory.resolve("prompt.txt").toString(), "--topics", directory.resolve("topics.txt").toString()),
                Stream.of(more)).toArray(String[]::new);
    }

    /// Starts the program in a process of its own, with the key in its environment.
    private Process start(String... args) throws IOException {
        String path = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(p -> p != null && !p.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                        "-cp", path, Main.class.getName()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile());
        builder.environment().put("OPENAI_API_KEY", KEY);
        return builder.start();
    }

    private String said() throws IOException {
        return Files.readString(directory.resolve("said"));
    }

    private void theKeyIsNowhere() throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                assertFalse(Files.readString(file).contains("SECRET"), file::toString);
            }
        }
    }

    @Test
    void pairsAndTheirCost() throws IOException {
        Llams run = Llams.run(generate(5, "--parallel", "2"));
        assertEquals(0, run.code(), run.err());
        assertEquals(out + """
                : 5 pairs from 3 answers
                dropped: 0 repeated, 0 in the wrong script, 0 incomplete; 0 answers were unusable
                cost: 30 prompt + 300 completion tokens
                next: llams data pairs\s""" + out + " --out chats.jsonl\n", run.out());
        assertEquals(5, Files.readAllLines(out).size());
        assertEquals(0, Llams.run("data", "pairs", out.toString(), "--out", directory.resolve("c").toString()).code());
        Llams again = Llams.run(generate(5, "--json"));
        assertEquals(
                "{\"out\":\"" + out + "\",\"pairs\":5,\"answers\":3,\"unusable\":0,\"incomplete\":0,"
                        + "\"duplicates\":0,\"wrongScript\":0,\"promptTokens\":30,\"completionTokens\":300}\n",
                again.out());
        assertEquals(3, asked.size());
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals there")
    @Test
    void anInterruptedRunIsContinued() throws IOException, InterruptedException {
        delayMillis = 30;
        Process process = start(generate(120, "--parallel", "2"));
        while (asked.size() < 10 && process.isAlive()) {
            Thread.sleep(5);
        }
        process.destroy();
        assertEquals(143, process.waitFor(), said());
        assertTrue(said().contains("llams: interrupted; finishing the requests under way, then saving"), said());
        int had = asked.size();
        assertTrue(said().contains("stopped with " + 2 * had + " of 120 pairs; the same command continues"), said());
        assertEquals(2 * had, Files.readAllLines(out).size());
        assertEquals("Bearer " + KEY, authorization);
        theKeyIsNowhere();
        delayMillis = 0;
        assertEquals(0, Llams.run(generate(120)).code());
        assertEquals(60, asked.size());
        assertEquals(60, asked.stream().distinct().count());
    }

    @Test
    void aKilledRunIsContinued() throws IOException, InterruptedException {
        delayMillis = 30;
        for (int had = 0; had < 16; had = asked.size()) {
            Process process = start(generate(100, "--parallel", "2"));
            while (asked.size() < had + 8 && process.isAlive()) {
                Thread.sleep(5);
            }
            process.destroyForcibly().waitFor();
            assertFalse(Files.exists(out));
        }
        theKeyIsNowhere();
        delayMillis = 0;
        Llams run = Llams.run(generate(100));
        assertEquals(0, run.code(), run.err());
        assertEquals(50, asked.stream().distinct().count());
        // Each kill costs what was under way, and what had come but was not yet on the disk.
        assertTrue(asked.size() <= 50 + 2 * 3, asked.size() + " requests");
        assertEquals(100, Files.readAllLines(out).stream().distinct().count());
    }

    @Test
    void aRefusalIsOneLine() throws IOException, InterruptedException {
        status = 401;
        Process process = start(generate(4));
        assertEquals(1, process.waitFor());
        assertTrue(said().lines()
                .anyMatch(("llams: http://127.0.0.1:" + server.getLocalPort()
                        + ": does not accept the key from OPENAI_API_KEY (401); no pair has come so far, and the same command"
                        + " continues")::equals),
                said());
        theKeyIsNowhere();
    }

    @Test
    void wrongUsageNamesTheOption() {
        for (String[] wrong : new String[][] {{"--pairs must be at least 1", "--pairs", "0"},
                {"--parallel must be at least 1", "--parallel", "0"}, {"--temp must be 0 or more", "--temp=-1"},
                {"--requests-per-minute must be at least 0", "--requests-per-minute=-1"},
                {"--timeout must be above 0", "--timeout", "0"}, {"--endpoint must be an address", "--endpoint", "x"},
                {"--model must be a name", "--model", "a b"}, {"--key-env NO_SUCH", "--key-env", "NO_SUCH"}}) {
            List<String> args = new ArrayList<>(List.of("data", "generate", "--out", out.toString()));
            args.addAll(List.of(wrong).subList(1, wrong.length));
            List.of("--model", "--pairs").stream().filter(option -> !args.contains(option)).forEach(option -> {
                args.addAll(List.of(option, "1"));
            });
            Llams run = Llams.run(args.toArray(String[]::new));
            assertEquals(2, run.code(), run.err());
            assertTrue(run.err().startsWith("llams data generate: " + wrong[0]), run.err());
            assertEquals(1, run.err().lines().count(), run.err());
        }
        assertTrue(Llams.run("data", "generate", "--model", "m", "--pairs", "1").err().contains("--out is missing"));
        assertFalse(Files.exists(directory.resolve("pairs.jsonl.run")));
    }

    @Test
    void thePromptCanBeEditedAndGivenBack() throws IOException {
        for (String language : List.of("ko", "en")) {
            Llams shown = Llams.run("data", "generate", "--show-prompt", "--prompt-language", language);
            assertEquals(0, shown.code(), shown.err());
            assertTrue(shown.out().contains("{topic}") && shown.out().contains("{examples}"), shown.out());
            Path edited = Files.writeString(directory.resolve("edited.txt"), shown.out());
            assertEquals(shown.out(),
                    Llams.run("data", "generate", "--show-prompt", "--prompt", edited.toString()).out());
        }
        assertEquals(144, Llams.run("data", "generate", "--show-topics").out().lines().count());
        Llams request = Llams.run("data", "generate", "--show-request", "--model", "m", "--pairs", "9", "--out", "x");
        assertTrue(request.out().contains("질문과 답변을 5쌍"), request.out());
        Files.writeString(directory.resolve("prompt.txt"), "Pairs, please.");
        Llams wrong = Llams.run(generate(2));
        assertEquals(1, wrong.code());
        assertTrue(wrong.err().contains("the prompt has no {topic} in it"), wrong.err());
    }
}
