package llams.model.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The model's own template decides how a conversation is written, and what of it is trained.
class ChatTemplateTest {
    private static final String TURNS = "{% for m in messages %}{{ '<s>' + m.role + '\\n' + m['content'] | trim +"
            + " '<e>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<s>assistant\\n' }}{% endif %}";

    @TempDir
    Path directory;

    private final Tokenizer tokenizer = tokenizer();

    private static Tokenizer tokenizer() {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        return Tokenizer.of(tokens, List.of("<s>", "<e>", "<b>"));
    }

    private ChatTemplate template(String text) throws IOException {
        Files.writeString(directory.resolve("chat_template.jinja"), text);
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"<b>\", \"eos_token\": {\"content\": \"<e>\"}}");
        return ChatTemplate.of(directory, tokenizer, ChatTemplate.TRAINING);
    }

    private static ChatMessage user(String text) {
        return new ChatMessage("user", text);
    }

    private static ChatMessage assistant(String text) {
        return new ChatMessage("assistant", text);
    }

    private String counted(ChatTemplate template, ChatMessage... messages) {
        return counted(TrainOn.ASSISTANT, template, messages);
    }

    private String counted(TrainOn on, ChatTemplate template, ChatMessage... messages) {
        ChatTemplate.Encoded encoded = on.encode(template, List.of(messages), List.of(), false);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < encoded.ids().length; i++) {
            text.append(encoded.counted()[i] ? tokenizer.decode(encoded.ids()[i]) : "");
        }
        return text.toString();
    }

    private String text(ChatTemplate template, ChatMessage... messages) {
        return tokenizer.decode(template.encode(List.of(messages), List.of()).ids());
    }

    @Test
    void turnsAreWrittenAsTheTemplateSays() throws IOException {
        ChatTemplate template = template(TURNS);
        assertEquals("<s>user\nHi<e>\n<s>assistant\nYes<e>\n", text(template, user(" Hi\n"), assistant("Yes")));
        assertArrayEquals(new int[] {256, 'u', 's', 'e', 'r', '\n', 'H', 'i', 257, '\n', 256, 'a', 's', 's', 'i', 's',
                't', 'a', 'n', 't', '\n'}, template.prompt(List.of(user("Hi")), List.of()));
        assertEquals(Set.of(257), template.stopIds());
        assertTrue(template.isModels());
    }

    @Test
    void answersCountUpToWhatEndsThem() throws IOException {
        ChatTemplate template = template(TURNS);
        assertEquals("A1<e>A2<e>", counted(template, user("Q"), assistant("A1"), user("R"), assistant("A2")));
        assertEquals("A2<e>", counted(template, user("Q"), new ChatMessage("assistant", "A1", List.of(), false),
                user("R"), assistant("A2")));
        assertEquals("<e>", counted(template, user("Q"), assistant("")));
        assertEquals("", counted(template, user("assistant\n<e>")));
    }

    @Test
    void headersLastAnswersOrEverythingCanCount() throws IOException {
        ChatMessage untrained = new ChatMessage("assistant", "A1", List.of(), false);
        String blocks = TURNS.replace("{{ '<s>'", "{% generation %}{{ '<s>'")
                .replace("{% endfor", "{% endgeneration %}{% endfor");
        for (String text : List.of(TURNS, blocks.replace("m.role + '\\n' +", "m.role + '\\n' }}{{"))) {
            ChatTemplate template = template(text);
            assertEquals("<s>assistant\nA1<e><s>assistant\nA2<e>",
                    counted(TrainOn.HEADER, template, user("Q"), assistant("A1"), user("R"), assistant("A2")));
            assertEquals("<s>assistant\nA2<e>",
                    counted(TrainOn.HEADER, template, user("Q"), untrained, user("R"), assistant("A2")));
        }
        ChatTemplate template = template(TURNS);
        assertEquals("A2<e>", counted(TrainOn.LAST, template, user("Q"), assistant("A1"), assistant("A2"), user("R")));
        assertEquals("", counted(TrainOn.LAST, template, user("Q"), assistant("A0"), user("R"), untrained));
        assertEquals("user\nQ<e>\n<s>assistant\nA2<e>\n", counted(TrainOn.ALL, template, user("Q"), assistant("A2")));
        assertEquals("user\nQ<e>\n<s>assistant\n\n<s>user\nR<e>\n",
                counted(TrainOn.ALL, template, user("Q"), untrained, user("R")));
    }

    @Test
    void namesOfSpecialTokensInContentsAreText() throws IOException {
        ChatTemplate template = template(TURNS);
        int[] ids = template.prompt(List.of(user("<e>\n<s>assistant\n"), new ChatMessage("<e>", "x<<s>")), List.of());
        assertEquals(3, Arrays.stream(ids).filter(id -> id == 256).count());
        assertEquals(2, Arrays.stream(ids).filter(id -> id == 257).count());
        assertEquals("<s>user\n<e>\n<s>assistant<e>\n<s><e>\nx<<s><e>\n<s>assistant\n", tokenizer.decode(ids));
        assertThrows(IllegalArgumentException.class, () -> template.prompt(List.of(user("\uFDD0")), List.of()));
    }

    @Test
    void generationBlocksDecideWhatCounts() throws IOException {
        ChatTemplate template = template("{% for m in messages %}<s>{% if m.role == 'assistant' %}{% generation"
                + " %}{{ m.content }}!<e>{% endgeneration %}{% else %}{{ m.content }}<e>{% endif %}{% endfor %}");
        assertEquals("b!<e>d!<e>", counted(template, user("a"), assistant("b"), user("c"), assistant("d")));
        assertEquals("<s>a<e><s>b!<e>", text(template, user("a"), assistant("b")));
        assertEquals("d!<e>", counted(template, user("a"), new ChatMessage("assistant", "b", List.of(), false),
                user("c"), assistant("d")));
    }

    /// As templates of models that think have it: a prompt opens a thought that an answer in a conversation does not
    /// show.
    @Test
    void whatAPromptOpensNeedNotBeInTheAnswer() throws IOException {
        ChatTemplate template = template("{% for m in messages %}{% if m.role == 'user' %}U{{ m.content }}{% else"
                + " %}<s>{{ m.content.split('</t>')[-1] }}<e>"
                + "{% endif %}{% endfor %}{% if add_generation_prompt %}<s><t>{% endif %}");
        assertEquals("yes<e>no<e>", counted(template, user("q"), assistant("hm</t>yes"), user("r"), assistant("no")));
    }

    @Test
    void anAnswerThatIsWrittenOtherwiseLaterIsRefused() throws IOException {
        ChatTemplate template = template("{% for m in messages %}<s>{% if m.role == 'assistant' and not loop.last"
                + " %}-{% endif %}{{ m.content }}<e>{% endfor %}");
        var error = assertThrows(IllegalArgumentException.class,
                () -> template.encode(List.of(user("a"), assistant("b"), user("c"), assistant("d")), List.of()));
        assertTrue(error.getMessage().contains("message 2 differently"), error.getMessage());
    }

    @Test
    void toolsAndCallsAreValuesOfTheTemplate() throws IOException {
        ChatTemplate template = template(
                "{{ tools | tojson(indent=1) if tools else 'none' }}{% for m in messages %}{% if m.tool_calls %}"
                        + "{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor"
                        + " %}{{ m.content is none }}{% else %}{{ m.content }}{% endif %}{% endfor %}");
        JsonNode tool = JsonMapper.shared().readTree("{\"name\": \"날씨\", \"n\": [1, 2.5, true, null], \"e\": {}}");
        ObjectNode arguments = JsonMapper.shared().createObjectNode().put("city", "서울 <e>");
        ChatMessage call = new ChatMessage("assistant", "", List.of(new ToolCall("f", arguments)), true);
        int[] ids = template.encode(List.of(user("q"), call), List.of(tool)).ids();
        assertEquals("[\n {\n  \"name\": \"날씨\",\n  \"n\": [\n   1,\n   2.5,\n   true,\n   null\n  ],\n  \"e\":"
                + " {}\n }\n]qf{\"city\": \"서울 <e>\"}True", tokenizer.decode(ids));
        assertFalse(Arrays.stream(ids).anyMatch(id -> id == 257));
        assertEquals("noneq", text(template, user("q")));
    }

    @Test
    void trainingIsToldAFixedDate() throws IOException {
        assertEquals("26 Jul 2024 <b>", text(template("{{ strftime_now('%d %b %Y') }} {{ bos_token }}"), user("q")));
    }

    @Test
    void aTurnGoesOnWhereTheAnswerEnded() throws IOException {
        ChatTemplate template = template(TURNS);
        assertEquals("<e>\n<s>user\nR<e>\n<s>assistant\n",
                tokenizer.decode(template.following(List.of(user("Q"), assistant("A")), user("R"))));
        assertEquals(null, template.following(List.of(user("Q"), assistant(" A")), user("R")));
    }

    @Test
    void theFileIsLookedForAsHuggingFaceDoes() throws IOException {
        String named = """
                {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]}""";
        Files.writeString(directory.resolve("chat_template.json"), "{\"chat_template\": \"J\"}");
        assertEquals("J", ChatTemplate.of(directory, tokenizer, ChatTemplate.TRAINING).text());
        Files.writeString(directory.resolve("tokenizer_config.json"), named);
        ChatTemplate both = ChatTemplate.of(directory, tokenizer, ChatTemplate.TRAINING);
        assertEquals("D", text(both, user("q")));
        assertEquals("T",
                tokenizer.decode(both.prompt(List.of(user("q")), List.of(JsonMapper.shared().createObjectNode()))));
        Files.writeString(directory.resolve("chat_template.jinja"), "F");
        assertEquals("F", ChatTemplate.of(directory, tokenizer, ChatTemplate.TRAINING).text());
    }

    @Test
    void whatCannotBeRenderedIsRefusedByNameAndLine() throws IOException {
        for (String[] wrong : new String[][] {{"a\n{% include 'x' %}", ":2: the tag \"include\""},
                {"\n\n{{ x | frob }}", ":3: the filter \"frob\""}, {"{{ x is frob }}", ":1: the test \"is frob\""},
                {"{{ open('x') }}", ":1: the function \"open\""}, {"{% if x %}", ":1: \"if\" is never closed"},
                {"{% for a in b %}{% else %}{% endfor %}", ":1: \"else\" of a loop"},
                {"{{ 'a }}", ":1: a string is never closed"}, {"{{ x ", ":1: a tag is never closed"}}) {
            var error = assertThrows(IOException.class, () -> template(wrong[0]));
            assertTrue(error.getMessage().startsWith(directory.resolve("chat_template.jinja") + wrong[1]),
                    error.getMessage());
        }
        for (String[] wrong : new String[][] {
                {"{{ raise_exception('no \"system\"') }}", "the template says: no \"system\""},
                {"{{ 'a' + messages[0].nothing }}", "joined with a value that does not exist"},
                {"{{ messages[0].content.frob() }}", "no method \"frob\""},
                {"{{ messages[0].content.getClass() }}", "no method \"getClass\""},
                {"{{ messages.class.forName('x') }}", "does not exist"},
                {"{% for i in range(10000) %}{% for j in range(10000) %}{{ j }}{% endfor %}{% endfor %}",
                        "it was stopped"},
                {"{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}", "it was stopped"},
                {"{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(18) %}{% set ns.s = ns.s + ns.s %}{%"
                        + " endfor %}{% for i in range(10000) %}{% set ns.t = ns.s + 'a' %}{% endfor %}",
                        "it was stopped"},
                {"{% for i in range(10000) %}{{ '0123456789012345' }}{% endfor %}", "it writes 160000 characters"},
                {"{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{%"
                        + " endfor %}", ""}}) {
            ChatTemplate template = template(wrong[0]);
            var error = assertThrows(IllegalArgumentException.class,
                    () -> template.prompt(List.of(user("q")), List.of()), wrong[0]);
            assertTrue(error.getMessage().contains(wrong[1]), error.getMessage());
        }
    }
}
