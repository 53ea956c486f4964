package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The pipeline that a `tokenizer.json` describes: normalizer, pre-tokenizer, model, decoder and post-processor. Whatever
/// this program would do differently is refused by name.
final class TokenizerPipeline {

    private TokenizerPipeline() {}

    /// The pattern of the pre-tokenizer.
    ///
    /// @param parts the file's members
    /// @param model those of `model`, without vocabulary and merges
    /// @throws IllegalArgumentException if a part is not as Llama 3 has it
    static SplitPattern pattern(Map<String, Object> parts, Map<String, Object> model) {
        checkModel(model);
        checkTypes(parts, "normalizer", "normalizers", List.of());
        SplitPattern pattern = preTokenizer(steps(parts.get("pre_tokenizer"), "pre_tokenizer", "pretokenizers"));
        checkTypes(parts, "decoder", "decoders", List.of("ByteLevel"));
        checkTypes(parts, "post_processor", "processors", List.of("ByteLevel", "TemplateProcessing"));
        return pattern;
    }

    /// The name of the special token that the post-processor's template puts before a text, empty if it puts none
    /// there, null if there is no template.
    static String firstOfTemplate(Object postProcessor) {
        for (Map<?, ?> step : steps(postProcessor, "post_processor", "processors")) {
            if (type(step).equals("TemplateProcessing")) {
                List<?> single = TokenizerValues.list(step.get("single"), "post_processor.single");
                Object special = single.isEmpty()
                        ? null
                        : TokenizerValues.object(single.getFirst(), "post_processor.single").get("SpecialToken");
                return special == null
                        ? ""
                        : String.valueOf(TokenizerValues.object(special, "post_processor SpecialToken").get("id"));
            }
        }
        return null;
    }

    private static void checkModel(Map<String, Object> model) {
        Object type = model.getOrDefault("type", "BPE");
        refuseUnless(type.equals("BPE"), "model type", type, "BPE");
        for (String name : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
            Object value = model.get(name);
            refuseUnless(value == null || value.equals("") || value.equals(0.0), "model.".concat(name), value, "null");
        }
        refuseUnless(!Boolean.TRUE.equals(model.get("byte_fallback")), "model.byte_fallback", true, "false");
    }

    /// Either the pattern and a plain byte level, or the byte level with its built-in pattern, GPT-2's.
    private static SplitPattern preTokenizer(List<Map<?, ?>> steps) {
        List<String> types = types(steps);
        Map<?, ?> byteLevel = types.isEmpty() || !types.getLast().equals("ByteLevel") ? Map.of() : steps.getLast();
        boolean hasSplit = types.equals(List.of("Split", "ByteLevel"));
        refuseUnless(hasSplit || types.equals(List.of("ByteLevel")), "pre_tokenizer", types,
                "[Split, ByteLevel] or [ByteLevel]");
        refuseUnless(Boolean.FALSE.equals(byteLevel.get("add_prefix_space")),
                "pre_tokenizer ByteLevel add_prefix_space", true, "false");
        boolean ownRegex = !Boolean.FALSE.equals(byteLevel.get("use_regex"));
        refuseUnless(ownRegex != hasSplit, "pre_tokenizer ByteLevel use_regex", ownRegex, !hasSplit);
        if (!hasSplit) {
            return SplitPattern.GPT2;
        }
        Map<?, ?> split = steps.getFirst();
        refuseUnless("Isolated".equals(split.get("behavior")), "pre_tokenizer Split behavior", split.get("behavior"),
                "Isolated");
        refuseUnless(!Boolean.TRUE.equals(split.get("invert")), "pre_tokenizer Split invert", true, "false");
        Object regex = split.get("pattern") instanceof Map<?, ?> map ? map.get("Regex") : null;
        for (SplitPattern pattern : SplitPattern.values()) {
            if (pattern.regex.equals(regex)) {
                return pattern;
            }
        }
        throw new IllegalArgumentException("pre_tokenizer splits by " + (regex == null ? split.get("pattern") : regex)
                + ", which is not supported; this program knows the expressions of llama3 (cl100k), gpt2 and o200k");
    }

    /// The steps of a part, without the sequences around them.
    private static List<Map<?, ?>> steps(Object part, String name, String inner) {
        List<Map<?, ?>> steps = new ArrayList<>();
        flatten(part, name, inner, steps);
        return steps;
    }

    private static void flatten(Object step, String part, String inner, List<Map<?, ?>> steps) {
        if (step == null) {
            return;
        }
        Map<?, ?> map = TokenizerValues.object(step, part);
        if (type(map).equals("Sequence")) {
            for (Object next : TokenizerValues.list(map.get(inner), part.concat(".").concat(inner))) {
                flatten(next, part, inner, steps);
            }
        } else {
            steps.add(map);
        }
    }

    private static void checkTypes(Map<String, Object> parts, String part, String inner, List<String> known) {
        List<String> found = types(steps(parts.get(part), part, inner));
        String wanted = known.isEmpty() ? "none" : String.join(" or ", known);
        refuseUnless(known.containsAll(found), part, String.join(", ", found), wanted);
    }

    private static List<String> types(List<Map<?, ?>> steps) {
        List<String> types = new ArrayList<>();
        for (Map<?, ?> step : steps) {
            types.add(type(step));
        }
        return types;
    }

    private static String type(Map<?, ?> step) {
        return String.valueOf(step.get("type"));
    }

    static void refuseUnless(boolean holds, String what, Object found, Object wanted) {
        if (!holds) {
            throw new IllegalArgumentException(what + " " + found + " is not supported; this program reads"
                    + " byte-level BPE as Llama 3 has it: " + what + " " + wanted);
        }
    }
}
