package llams.model.chat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.io.Json;
import llams.tokenizer.Encoding;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A model's own template, rendered as Hugging Face's libraries do.
final class RenderedTemplate implements ChatTemplate {
    /// Far more than any template writes itself.
    private static final int MOST_OWN_CHARACTERS = 1 << 17;
    /// More than JSON makes of one character.
    private static final int MOST_CHARACTERS_FOR_ONE = 8;

    /// Put into special tokens' names that a content writes. It is in no ordinary text: Unicode reserves it for such
    /// uses.
    private static final char GUARD = '\uFDD0';

    private final TemplateFile file;
    private final JinjaTemplate template;
    private final JinjaTemplate toolUse;
    private final Tokenizer tokenizer;
    private final Map<String, String> namedTokens;
    private final Clock clock;

    private RenderedTemplate(TemplateFile file, Map<String, String> namedTokens, Tokenizer tokenizer, Clock clock) {
        this.file = file;
        this.namedTokens = namedTokens;
        this.tokenizer = tokenizer;
        this.clock = clock;
        template = new JinjaTemplate(file.template());
        toolUse = file.toolUse() == null ? template : new JinjaTemplate(file.toolUse());
    }

    /// @param namedTokens `bos_token` and its like, which templates write by name
    static RenderedTemplate of(TemplateFile file, Map<String, String> namedTokens, Tokenizer tokenizer, Clock clock)
            throws IOException {
        try {
            return new RenderedTemplate(file, namedTokens, tokenizer, clock);
        } catch (TemplateException e) {
            throw new IOException(file.failure(e) + "; conversations can only be written with a template that this"
                    + " program renders", e);
        }
    }

    /// Those of a model's directory.
    static Map<String, String> namedTokens(Path directory) throws IOException {
        Map<String, String> tokens = new LinkedHashMap<>();
        for (String name : new String[] {"special_tokens_map.json", "tokenizer_config.json"}) {
            if (Files.isRegularFile(directory.resolve(name))) {
                Json.readObject(directory.resolve(name)).properties().forEach(property -> {
                    String token = property.getValue().isString()
                            ? property.getValue().stringValue()
                            : property.getValue().path("content").asString(null);
                    if (property.getKey().endsWith("_token") && token != null) {
                        tokens.put(property.getKey(), token);
                    }
                });
            }
        }
        return tokens;
    }

    @Override
    public Encoded encode(List<ChatMessage> messages, List<JsonNode> tools, boolean parsed, boolean headers) {
        String whole = render(messages, tools, false, parsed);
        String text = unmarked(whole);
        // Generation blocks leave headers out.
        List<int[]> spans = whole.indexOf(TemplateSource.GENERATION) >= 0 && !headers
                ? marked(whole, messages)
                : answers(text, messages, tools, parsed, headers);
        Encoding encoding = tokenizer.encodeGuarded(text, GUARD);
        int[] ids = encoding.ids();
        boolean[] counted = new boolean[ids.length];
        for (int[] span : spans) {
            int from = plainLength(text, span[0]);
            int to = plainLength(text, span[1]);
            int last = -1;
            for (int i = 0; i < ids.length; i++) {
                counted[i] |= encoding.starts()[i] >= from && encoding.starts()[i] < to;
                last = counted[i] && tokenizer.isSpecial(ids[i]) && encoding.starts()[i] < to ? i : last;
            }
            // The answer ends with its last token: no model generates the white space after it.
            int end = end(encoding, to);
            if (last >= 0 && tokenizer.decode(Arrays.copyOfRange(ids, last + 1, end)).isBlank()) {
                Arrays.fill(counted, last + 1, end, false);
            }
        }
        return new Encoded(ids, counted);
    }

    private static int end(Encoding encoding, int to) {
        int end = 0;
        while (end < encoding.ids().length && encoding.starts()[end] < to) {
            end++;
        }
        return end;
    }

    /// Where the output of `generation` blocks stands in the text without their marks.
    private static List<int[]> marked(String whole, List<ChatMessage> messages) {
        List<Boolean> trained = messages.stream()
                .filter(message -> message.role().equals("assistant"))
                .map(ChatMessage::trained)
                .toList();
        List<int[]> spans = new ArrayList<>();
        int marks = 0;
        int number = 0;
        for (int at = whole.indexOf(TemplateSource.GENERATION); at >= 0; at = whole.indexOf(TemplateSource.GENERATION,
                at + 1)) {
            int end = whole.indexOf(TemplateSource.END_GENERATION, at);
            if (end < 0) {
                // Not a mark, but the same character in the template's own text.
                break;
            }
            if (number >= trained.size() || trained.get(number)) {
                spans.add(new int[] {at - marks, end - marks - 1});
            }
            marks += 2;
            number++;
        }
        return spans;
    }

    /// Where the text stands that the assistant's messages add to the prompts before them, or with their headers to the
    /// messages before them.
    private List<int[]> answers(String whole, List<ChatMessage> messages, List<JsonNode> tools, boolean parsed,
            boolean headers) {
        List<int[]> spans = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            if (!messages.get(i).role().equals("assistant") || !messages.get(i).trained()) {
                continue;
            }
            String answered = i + 1 == messages.size()
                    ? whole
                    : unmarked(render(messages.subList(0, i + 1), tools, false, parsed));
            if (!whole.startsWith(answered)) {
                throw refused("the template writes message " + (i + 1) + " differently when more follow, so that it"
                        + " cannot be trained on there; end the conversation with it, or mark other answers as not trained");
            }
            String asked = i == 0 ? "" : unmarked(render(messages.subList(0, i), tools, !headers, parsed));
            int from = 0;
            while (from < asked.length() && from < answered.length() && asked.charAt(from) == answered.charAt(from)) {
                from++;
            }
            spans.add(new int[] {from, answered.length()});
        }
        return spans;
    }

    @Override
    public int[] prompt(List<ChatMessage> messages, List<JsonNode> tools) {
        return tokenizer.encodeGuarded(unmarked(render(messages, tools, true, false)), GUARD).ids();
    }

    @Override
    public int[] following(List<ChatMessage> messages, ChatMessage next) {
        int answer = messages.size() - 1;
        List<ChatMessage> all = new ArrayList<>(messages);
        all.add(next);
        String before = unmarked(render(messages.subList(0, answer), List.of(), true, false))
                + guarded(messages.get(answer).content());
        String now = unmarked(render(all, List.of(), true, false));
        return now.startsWith(before) ? tokenizer.encodeGuarded(now.substring(before.length()), GUARD).ids() : null;
    }

    private static String unmarked(String text) {
        return text.replace(String.valueOf(TemplateSource.GENERATION), "")
                .replace(String.valueOf(TemplateSource.END_GENERATION), "");
    }

    /// The characters of `text[0, end)` without guards.
    private static int plainLength(String text, int end) {
        int length = 0;
        for (int i = 0; i < end; i++) {
            length += text.charAt(i) == GUARD ? 0 : 1;
        }
        return length;
    }

    /// With guards in the special tokens' names that contents write, unless those are parsed.
    private String render(List<ChatMessage> messages, List<JsonNode> tools, boolean addGenerationPrompt,
            boolean parsed) {
        Map<String, Object> values = new LinkedHashMap<>(namedTokens);
        List<Object> list = new ArrayList<>();
        messages.forEach(message -> list.add(value(message)));
        values.put("messages", list);
        values.put("tools", tools.isEmpty() ? null : tools.stream().map(this::value).toList());
        values.put("documents", null);
        values.put("add_generation_prompt", addGenerationPrompt);
        try {
            String text = (tools.isEmpty() ? template : toolUse).render(values, clock);
            long most = MOST_OWN_CHARACTERS + (long) MOST_CHARACTERS_FOR_ONE * values.toString().length();
            if (text.length() > most) {
                throw new TemplateException(0, "it writes " + text.length() + " characters, far more than the"
                        + " conversation has; does it loop over too much?");
            }
            return parsed ? text.replace(String.valueOf(GUARD), "") : text;
        } catch (TemplateException e) {
            throw new IllegalArgumentException(file.failure(e), e);
        }
    }

    private Map<String, Object> value(ChatMessage message) {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("role", guarded(message.role()));
        value.put("content",
                message.content().isEmpty() && !message.toolCalls().isEmpty() ? null : guarded(message.content()));
        if (!message.toolCalls().isEmpty()) {
            List<Object> calls = new ArrayList<>();
            for (ToolCall call : message.toolCalls()) {
                Map<String, Object> function = new LinkedHashMap<>();
                function.put("name", guarded(call.name()));
                function.put("arguments", value(call.arguments()));
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("type", "function");
                entry.put("function", function);
                calls.add(entry);
            }
            value.put("tool_calls", calls);
        }
        return value;
    }

    private Object value(JsonNode json) {
        return guarded(JsonMapper.shared().convertValue(json, Object.class));
    }

    private Object guarded(Object value) {
        return switch (value) {
            case String text -> guarded(text);
            case Integer number -> number.longValue();
            case List<?> list -> {
                List<Object> guarded = new ArrayList<>();
                list.forEach(element -> guarded.add(guarded(element)));
                yield guarded;
            }
            case Map<?, ?> map -> {
                Map<String, Object> guarded = new LinkedHashMap<>();
                map.forEach((key, element) -> guarded.put(guarded(key.toString()), guarded(element)));
                yield guarded;
            }
            case null, default -> value;
        };
    }

    private String guarded(String text) {
        for (char mark : new char[] {GUARD, TemplateSource.GENERATION, TemplateSource.END_GENERATION}) {
            if (text.indexOf(mark) >= 0) {
                throw new IllegalArgumentException(
                        String.format("a text has U+%04X, which Unicode reserves for internal use", (int) mark));
            }
        }
        return tokenizer.guarded(text, GUARD);
    }

    /// The special token with which the template ends an answer, and `eos_token`.
    @Override
    public Set<Integer> stopIds() {
        Set<Integer> stops = new LinkedHashSet<>();
        String end = namedTokens.get("eos_token");
        if (end != null) {
            tokenizer.token(end).ifPresent(stops::add);
        }
        Encoded probe = encode(List.of(new ChatMessage("user", "a"), new ChatMessage("assistant", "b")), List.of());
        for (int i = 0; i < probe.ids().length; i++) {
            boolean last = i + 1 == probe.ids().length || !probe.counted()[i + 1];
            if (probe.counted()[i] && last && tokenizer.isSpecial(probe.ids()[i])) {
                stops.add(probe.ids()[i]);
            }
        }
        return stops;
    }

    @Override
    public String text() {
        return file.template();
    }

    @Override
    public boolean isModels() {
        return true;
    }

    private IllegalArgumentException refused(String what) {
        return new IllegalArgumentException(file.file() + ": " + what);
    }
}
