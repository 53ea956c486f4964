package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import llams.engine.device.Devices;
import llams.engine.generate.Generator;
import llams.model.chat.ChatMessage;
import llams.model.text.GenerateOptions;
import llams.model.text.OpenOptions;
import llams.model.text.Sampling;
import llams.model.text.TextListener;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program's threads get their answers without HTTP: text in pieces, JSON, calls of tools.
class ThreadsAskOneServiceTest {
    private static final Tools.Function WEATHER = new Tools.Function("weather", "tells the weather",
            SmallServer.json("{\"type\": \"object\", \"properties\": {\"city\": {\"enum\": [\"Seoul\", \"Busan\"]}},"
                    + " \"required\": [\"city\"]}"));

    @TempDir
    static Path temporary;
    private static ModelService service;

    @BeforeAll
    static void open() throws IOException {
        Path model = temporary.resolve("small");
        SmallServer.write(model);
        Files.writeString(model.resolve("chat_template.jinja"), AnswersTakeTheFormAskedForTest.TEMPLATE);
        OpenOptions options = OpenOptions.standard().withDevice(Devices.byName("cpu")).withContext(SmallServer.CONTEXT);
        service = ModelService.open(model, options, 2);
    }

    @AfterAll
    static void close() {
        service.close();
    }

    private static ChatQuestion question(String text, int tokens) {
        return ChatQuestion.of(List.of(new ChatMessage("user", text)))
                .withOptions(GenerateOptions.standard()
                        .withMaxTokens(tokens)
                        .withSampling(Sampling.standard().withTemperature(1).withSeed(2)));
    }

    private static ChatAnswer ask(ChatQuestion question) {
        return service.ask(question, _ -> true);
    }

    /// Also from threads whose class loader knows none of this program's classes.
    @Test
    void manyThreadsGetWhatEachGetsAlone() throws Exception {
        List<FutureTask<ChatAnswer>> together = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            ChatQuestion question = question("Tell me " + i, 10 + i);
            together.add(new FutureTask<>(() -> ask(question)));
            Thread thread = Thread.ofVirtual().unstarted(together.getLast());
            thread.setContextClassLoader(ClassLoader.getPlatformClassLoader());
            thread.start();
        }
        for (int i = 0; i < 8; i++) {
            ChatAnswer alone = ask(question("Tell me " + i, 10 + i));
            assertEquals(alone.text(), together.get(i).get().text());
            assertEquals(10 + i, alone.tokens());
            assertEquals(Generator.End.LENGTH, alone.end());
            assertTrue(alone.isCut());
            assertEquals("small", alone.model());
        }
    }

    @Test
    void anAnswerComesInPieces() {
        List<String> pieces = new ArrayList<>();
        ChatAnswer answer = service.ask(question("Hello", 30), TextListener.of(pieces::add));
        assertEquals(answer.text(), String.join("", pieces));
        assertTrue(pieces.size() > 5, pieces.toString());
    }

    @Test
    void whoHasHeardEnoughFreesItsSlot() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            assertThrows(CancellationException.class,
                    () -> service.ask(question("Hello", 400), piece -> piece.isEmpty()));
        }
        Thread asking = Thread.ofVirtual()
                .start(() -> assertThrows(CancellationException.class, () -> ask(question("Hello", 400))));
        asking.interrupt();
        asking.join();
        for (int tries = 0; service.metrics().getRunning() > 0; tries++) {
            assertTrue(tries < 2000, "a slot is held");
            Thread.sleep(10);
        }
    }

    @Test
    void anAnswerTakesTheFormAskedFor() {
        ChatQuestion question = question("Weather?", 400);
        assertTrue(SmallServer.json(ask(question.withSchema(WEATHER.parameters())).text()).has("city"));
        assertTrue(ask(question.withSchema(SmallServer.json("{\"type\": \"object\"}"))).text().startsWith("{"));
        StringBuilder said = new StringBuilder();
        Tools must = Tools.of(List.of(WEATHER), Tools.Choice.REQUIRED);
        ChatAnswer answer = service.ask(question.withTools(must), TextListener.of(said::append));
        assertEquals("weather", answer.callOrNull().name());
        assertEquals("", said.toString());
        assertTrue(SmallServer.json(answer.callOrNull().arguments()).has("city"));
        Tools may = Tools.of(List.of(WEATHER), Tools.Choice.AUTO);
        ChatAnswer text = service.ask(question("Weather?", 20).withTools(may), TextListener.of(said::append));
        assertNull(text.callOrNull());
        assertEquals(text.text(), said.toString());
    }

    @Test
    void whatIsWrongIsSaid() {
        for (ChatQuestion wrong : Stream
                .of(question("a".repeat(600), 1), question("a", 1).withModel("other"),
                        question("a", 1).withSchema(SmallServer.json("{\"type\": \"object\", \"not\": {}}")),
                        question("a", 1).withOptions(
                                GenerateOptions.standard().withSampling(Sampling.standard().withTemperature(-1))))
                .toList()) {
            assertThrows(IllegalArgumentException.class, () -> ask(wrong), wrong.toString());
        }
        assertThrows(IllegalArgumentException.class, () -> Tools.of(List.of(), Tools.Choice.REQUIRED));
        assertThrows(IllegalArgumentException.class, () -> Tools.of(List.of(WEATHER, WEATHER), Tools.Choice.AUTO));
    }

    @Test
    void javasManagementReadsTheNumbers() throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        ObjectName name = new ObjectName("llams.test:type=Service");
        server.registerMBean(service.metrics(), name);
        try {
            long before = (long) server.getAttribute(name, "GeneratedTokens");
            ask(question("Count", 5));
            assertTrue((long) server.getAttribute(name, "GeneratedTokens") >= before + 5);
            assertEquals(2, server.getAttribute(name, "Slots"));
            assertTrue((double) server.getAttribute(name, "FirstTokenSeconds") > 0);
        } finally {
            server.unregisterMBean(name);
        }
    }
}
