package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What somebody who sits before the page sees and does.
class ChatPageInABrowserTest {
    private static final String MARKDOWN = """
            ## 제목

            **서울(Seoul)**은 *수도*이고 `a < b` 이다. https://example.org/a_(b), [here](https://example.org).

            1. one
               - inner
            2. two

            | a | b |
            |---|--:|
            | 1 | **2** |

            ```java
            int x = 1; // **not bold**
            ```
            """;
    private static final String HOSTILE = """
            </script><script>document.title='attacked'</script> <img src=x onerror="document.title='attacked'">
            [click](javascript:document.title='attacked') ![p](https://example.org/p.png) <a href="javascript:1">x</a>
            [data](data:text/html,x) \u001b[31mred\u001b[0m \u0007 \u202etxt.exe

            """ + ">".repeat(500) + "[".repeat(500) + "*".repeat(500) + "\n\n```html\n<script>1</script>";

    @TempDir
    static Path temporary;

    private static Chromium browser;

    @BeforeAll
    static void startBrowser() throws Exception {
        Optional<Path> program = Chromium.find();
        assumeTrue(program.isPresent(), "no Chromium on the PATH: the page for chat was not tried");
        browser = Chromium.start(program.get(), temporary.resolve("profile"));
    }

    @AfterAll
    static void endBrowser() {
        if (browser != null) {
            browser.close();
        }
    }

    private static ScriptedServer scripted() throws Exception {
        Map<String, String> answers = new LinkedHashMap<>();
        answers.put("plain", MARKDOWN);
        answers.put("hostile", HOSTILE);
        answers.put(ScriptedServer.ENDLESS, "");
        return new ScriptedServer(answers);
    }

    private static void ask(String model, String prompt) throws InterruptedException {
        browser.until("document.querySelector('#model-0').options.length");
        choose(0, model);
        browser.fill("#prompt", prompt);
        browser.pressEnter();
    }

    private static void choose(int column, String model) {
        browser.value("{ const box = document.querySelector('#model-" + column + "'); box.value = '" + model
                + "'; box.dispatchEvent(new Event('change')); }");
    }

    private static void untilAnswered() throws InterruptedException {
        browser.until("document.querySelector('.answer') && !document.querySelector('.answer.open')"
                + " && document.querySelector('#send').textContent !== 'Stop'");
    }

    private static int count(String selector) {
        return browser.value("document.querySelectorAll(\"" + selector + "\").length").intValue();
    }

    /// The kept conversation.
    private static JsonNode turns() {
        return SmallServer.json(browser.text("localStorage.getItem('llams.turns')"));
    }

    @Test
    void markdownIsDrawn() throws Exception {
        try (ScriptedServer server = scripted()) {
            browser.open(server.uri());
            ask("plain", "안녕");
            untilAnswered();
            assertEquals("제목", browser.text("document.querySelector('.body h4').textContent"));
            assertEquals("서울(Seoul)", browser.text("document.querySelector('.body strong').textContent"));
            assertEquals("a < b", browser.text("document.querySelector('.body p code').textContent"));
            assertEquals("https://example.org/a_(b) https://example.org/",
                    browser.text("[...document.querySelectorAll('.body a')].map(a => a.href).join(' ')"));
            assertEquals("noopener noreferrer nofollow", browser.text("document.querySelector('.body a').rel"));
            assertEquals(1, count(".body ol > li > ul > li"));
            assertEquals("2", browser.text("document.querySelector('.body td.right strong').textContent"));
            assertEquals("int x = 1; // **not bold**", browser.text("document.querySelector('.body pre').textContent"));
            // The conversation is there again, and is sent along.
            browser.open(server.uri());
            ask("plain", "more");
            browser.until("document.querySelectorAll('.turn').length === 2");
            untilAnswered();
            JsonNode messages = server.asked.getLast().get("messages");
            assertEquals(3, messages.size());
            assertEquals(MARKDOWN, messages.get(1).get("content").stringValue());
        }
    }

    /// At no point of its way does an answer show a marker that is not yet ended, and what was drawn bit by bit is what
    /// would have been drawn at once.
    @Test
    void markdownGrowsWithoutFlicker() throws Exception {
        String parts = "";
        for (String part : List.of("page/markdown.js", "page/inline.js")) {
            try (InputStream in = ChatPage.class.getResourceAsStream(part)) {
                parts += new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
        String text = JsonNodeFactory.instance.stringNode(MARKDOWN.replace("// **not bold**", "")).toString();
        assertEquals("", browser.text("(() => {" + parts + """
                const shown = (markdown, text) => {
                  markdown.show(text, true);
                  return markdown.root;
                };
                const growing = new Markdown(document.createElement('div'));
                return [...TEXT].map((_, at) => TEXT.slice(0, at + 1)).filter(part =>
                    /[*`#]|\\|-|\\]\\(/.test(shown(growing, part).textContent)
                    || !growing.root.isEqualNode(shown(new Markdown(document.createElement('div')), part))).join('; ');
                })()""".replace("TEXT", text)));
    }

    @Test
    void whatAModelWritesIsText() throws Exception {
        try (ScriptedServer server = scripted()) {
            browser.open(server.uri());
            ask("hostile", "<b>bold</b>");
            untilAnswered();
            assertTrue(browser.text("document.title").startsWith("LLaMS"), "a model's script has run");
            assertEquals(0, count("#conversation script, #conversation img, #conversation b, [onerror]"));
            assertEquals("https://example.org/p.png",
                    browser.text("[...document.querySelectorAll('#conversation a')].map(a => a.href).join(' ')"));
            String shown = browser.text("document.querySelector('.body').textContent");
            assertTrue(shown.contains("</script><script>document.title='attacked'</script> <img src=x"), shown);
            assertTrue(shown.contains("[click](javascript:document.title='attacked')"), shown);
            assertTrue(shown.contains("␛[31mred␛[0m ␇ ⟨U+202E⟩txt.exe"), shown);
            assertEquals("<b>bold</b>", browser.text("document.querySelector('.prompt p').textContent"));
            assertEquals(HOSTILE, turns().get(0).get("answers").get(0).get("text").stringValue());
            assertEquals("refused", browser.text("fetch('https://example.org').then(() => 'sent', () => 'refused')"));
            assertEquals("refused", browser.text(
                    "(() => { try { document.body.innerHTML = 'x'; return 'done'; } catch { return 'refused'; } })()"));
        }
    }

    @Test
    void stopEndsTheRequest() throws Exception {
        try (ScriptedServer server = scripted()) {
            browser.open(server.uri());
            ask(ScriptedServer.ENDLESS, "go on");
            browser.until("document.querySelector('.body')?.textContent.includes('more more')");
            browser.press("Escape", 27);
            assertTrue(server.gone.await(5, TimeUnit.SECONDS), "the server still writes");
            untilAnswered();
            assertTrue(browser.text("document.querySelector('.about').textContent").endsWith("stopped"));
            assertTrue(turns().get(0).get("answers").get(0).get("text").stringValue().startsWith("more more"));
            // The question can be changed.
            choose(0, "plain");
            browser.click(".prompt button");
            browser.fill(".editor textarea", "other");
            browser.pressEnter();
            untilAnswered();
            assertEquals(1, turns().size());
            assertEquals("other", turns().get(0).get("prompt").stringValue());
        }
    }

    /// The Enter that ends a syllable is not for the page.
    @Test
    void koreanIsWrittenToItsEnd() throws Exception {
        try (ScriptedServer server = scripted()) {
            browser.open(server.uri());
            browser.until("document.querySelector('#model-0').options.length");
            browser.fill("#prompt", "안");
            browser.call("Input.imeSetComposition", "text", "녕", "selectionStart", 1, "selectionEnd", 1);
            browser.pressEnter();
            assertEquals(0, count(".turn"));
            browser.call("Input.insertText", "text", "녕");
            browser.pressEnter();
            untilAnswered();
            assertEquals("안녕", turns().get(0).get("prompt").stringValue());
        }
    }

    /// A file may hold anything; what is no conversation in it is left out.
    @Test
    void aSavedChatIsOpened() throws Exception {
        Path file = Files.writeString(temporary.resolve("chat.json"), """
                {"format": "llams-chat-1", "options": {"system": "Be brief.", "top_k": 7, "colour": "red"}, "turns": [7,
                  {"prompt": "one", "answers": [{"model": "<img>", "text": "**two**", "pieces": [{"steps": 3}]}]}]}""");
        try (ScriptedServer server = scripted()) {
            browser.open(server.uri());
            browser.until("document.querySelector('#model-0').options.length");
            browser.call("DOM.setFileInputFiles", "files", List.of(file.toString()), "objectId",
                    browser.call("Runtime.evaluate", "expression", "document.querySelector('#file')")
                            .get("result")
                            .get("objectId")
                            .stringValue());
            browser.until("document.querySelector('.turn')");
            assertEquals("<img>", browser.text("document.querySelector('.answer h2').textContent"));
            assertEquals("two", browser.text("document.querySelector('.body strong').textContent"));
            ask("plain", "three");
            browser.until("document.querySelectorAll('.turn').length === 2");
            untilAnswered();
            JsonNode asked = server.asked.getLast();
            assertEquals("[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"one\"},"
                    + "{\"role\":\"assistant\",\"content\":\"**two**\"},{\"role\":\"user\",\"content\":\"three\"}]",
                    asked.get("messages").toString());
            assertFalse(asked.has("top_k"), "a number where a text was");
        }
    }

    /// One adapter has a chat template, its base has none: the base continues the text that the other answers.
    @Test
    void twoModelsAnswerSideBySide() throws Exception {
        SmallServer.write(temporary.resolve("other"));
        Path tuned = Files.createDirectories(temporary.resolve("two"));
        Files.writeString(tuned.resolve("chat_template.jinja"),
                ModelText.of(temporary.resolve("other"), ChatTemplate.TRAINING).chat().text());
        try (SmallServer small = SmallServer.startAdapted(temporary.resolve("model"),
                SmallServer.settings().withAccess("secret", null))) {
            browser.open(small.server.uri().resolve("/"));
            browser.until("document.querySelector('#notices input')");
            browser.fill("#notices input", "secret");
            browser.pressEnter();
            browser.until("document.querySelector('#model-0').options.length === 3");
            browser.click("#open-settings");
            browser.fill("[name=temperature]", "0");
            browser.fill("[name=max_tokens]", "8");
            browser.click("#probabilities");
            browser.click("#compare");
            choose(1, "two");
            ask("small", "안녕");
            untilAnswered();
            String settings = ", \"temperature\": 0, \"max_tokens\": 8}";
            JsonNode answers = turns().get(0).get("answers");
            assertEquals(
                    small(small, "/v1/completions", "{\"model\": \"small\", \"prompt\": \"안녕\"" + settings).get("text"),
                    answers.get(0).get("text"));
            assertEquals(small(small, "/v1/chat/completions",
                    "{\"model\": \"two\", \"messages\": [{\"role\": \"user\", \"content\": \"안녕\"}]" + settings)
                    .get("message")
                    .get("content"), answers.get(1).get("text"));
            for (JsonNode answer : answers) {
                assertTrue(answer.get("about").stringValue().startsWith("8 tokens · "), answer.toString());
            }
            assertTrue(browser.text("document.querySelector('#hint').textContent").startsWith("small has no chat"));
            // The likeliest was taken each time; what else there was is seen at each token.
            browser.value("document.querySelector('.tokens [tabindex=\"0\"]').focus()");
            assertFalse(browser.value("document.querySelector('#tip').hidden").booleanValue());
            assertTrue(count("#tip tr") >= 5, "tokens in one's place");
            assertEquals(1, count("#tip table:first-child tr:first-child.chosen"));
        }
    }

    private static JsonNode small(SmallServer small, String path, String body) throws Exception {
        return SmallServer.json(small.client.send(small.request(path)
                .header("Authorization", "Bearer secret")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(), HttpResponse.BodyHandlers.ofString()).body()).get("choices").get(0);
    }
}
