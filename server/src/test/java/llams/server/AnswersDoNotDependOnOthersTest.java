package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import llams.engine.device.Devices;
import llams.model.text.GenerateOptions;
import llams.model.text.OpenOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.model.text.TextListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many clients at once get what each would get alone, and what the same model gives without a server.
class AnswersDoNotDependOnOthersTest {
    @TempDir
    Path temporary;

    private static String prompt(int i) {
        return "The " + i + "th of many prompts" + ", and on".repeat(i % 5);
    }

    private static String more(int i) {
        return i % 2 == 0 ? ", \"temperature\": 0" : ", \"temperature\": 1, \"seed\": " + i;
    }

    @Test
    void manyClientsAtOnce() throws Exception {
        Path directory = temporary.resolve("model");
        try (SmallServer small = SmallServer.start(directory, SmallServer.settings());
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<String>> asks = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                int number = i;
                asks.add(() -> small.complete("small", prompt(number), 20 + number % 7, more(number)));
            }
            List<Future<String>> together = clients.invokeAll(asks);
            for (int i = 0; i < asks.size(); i++) {
                assertEquals(asks.get(i).call(), together.get(i).get(), "prompt " + i);
            }
            try (TextGenerator alone = TextGenerator.open(directory,
                    OpenOptions.standard().withDevice(Devices.byName("cpu")))) {
                GenerateOptions options = GenerateOptions.standard().withMaxTokens(20).withSampling(Sampling.greedy());
                assertEquals(alone.generate(prompt(0), options, TextListener.of(_ -> {})).text(),
                        together.getFirst().get());
            }
        }
    }

    @Test
    void adaptersBesideTheirBase() throws Exception {
        Path directory = temporary.resolve("model");
        try (SmallServer small = SmallServer.startAdapted(directory, SmallServer.settings());
                ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<String> names = List.of("small", "one", "two");
            List<Callable<String>> asks = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                String name = names.get(i % 3);
                asks.add(() -> small.complete(name, prompt(0), 20, more(0)));
            }
            List<Future<String>> together = clients.invokeAll(asks);
            assertNotEquals(together.get(0).get(), together.get(1).get());
            assertNotEquals(together.get(1).get(), together.get(2).get());
            for (int i = 0; i < asks.size(); i++) {
                assertEquals(together.get(i % 3).get(), together.get(i).get(), "ask " + i);
                assertEquals(asks.get(i).call(), together.get(i).get(), "ask " + i);
            }
            OpenOptions adapted = OpenOptions.standard()
                    .withDevice(Devices.byName("cpu"))
                    .withAdapter(directory.resolveSibling("two"));
            try (TextGenerator alone = TextGenerator.open(directory, adapted)) {
                GenerateOptions options = GenerateOptions.standard().withMaxTokens(20).withSampling(Sampling.greedy());
                assertEquals(alone.generate(prompt(0), options, TextListener.of(_ -> {})).text(),
                        together.get(2).get());
            }
        }
    }
}
