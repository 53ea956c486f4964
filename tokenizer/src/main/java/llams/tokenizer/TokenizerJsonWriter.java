package llams.tokenizer;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes Hugging Face's `tokenizer.json` of the kind that [TokenizerJson] reads.
final class TokenizerJsonWriter {

    /// How those libraries write that a length has no bound.
    private static final BigInteger NO_MAX_LENGTH = new BigInteger("1000000000000000019884624838656");

    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;
    private final JsonGenerator json;

    private TokenizerJsonWriter(Tokenizer tokenizer, JsonGenerator json) {
        this.tokenizer = tokenizer;
        this.vocabulary = tokenizer.vocabulary;
        this.json = json;
    }

    static void write(Tokenizer tokenizer, OutputStream out) throws IOException {
        JsonFactory factory = JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
        try (JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), out)) {
            new TokenizerJsonWriter(tokenizer, json).write();
        } catch (JacksonException e) {
            throw new IOException(e.getOriginalMessage(), e);
        }
    }

    /// Writes `tokenizer_config.json`.
    static void writeConfig(Tokenizer tokenizer, OutputStream out) throws IOException {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ObjectNode added = config.putObject("added_tokens_decoder");
        tokenizer.added.tokens.forEach(token -> added.putObject(Integer.toString(tokenizer.id(token.id())))
                .put("content", token.name())
                .put("lstrip", token.lstrip())
                .put("normalized", token.normalized())
                .put("rstrip", token.rstrip())
                .put("single_word", token.singleWord())
                .put("special", token.special()));
        tokenizer.special(SpecialTokens.BEGIN_OF_TEXT)
                .ifPresent(id -> config.put("bos_token", SpecialTokens.BEGIN_OF_TEXT));
        config.put("clean_up_tokenization_spaces", false);
        tokenizer.special(SpecialTokens.END_OF_TEXT)
                .ifPresent(id -> config.put("eos_token", SpecialTokens.END_OF_TEXT));
        config.putArray("model_input_names").add("input_ids").add("attention_mask");
        config.put("model_max_length", NO_MAX_LENGTH);
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        out.write(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }

    private void write() {
        json.writeStartObject();
        json.writeStringProperty("version", "1.0");
        json.writeNullProperty("truncation");
        json.writeNullProperty("padding");
        json.writeArrayPropertyStart("added_tokens");
        tokenizer.added.tokens.forEach(this::addedToken);
        json.writeEndArray();
        json.writeNullProperty("normalizer");
        json.writeName("pre_tokenizer");
        preTokenizer();
        json.writeName("post_processor");
        postProcessor();
        json.writeName("decoder");
        byteLevel(true, true, true);
        json.writeName("model");
        model();
        json.writeEndObject();
    }

    private void addedToken(AddedToken token) {
        json.writeStartObject();
        json.writeNumberProperty("id", tokenizer.id(token.id()));
        json.writeStringProperty("content", token.name());
        json.writeBooleanProperty("single_word", token.singleWord());
        json.writeBooleanProperty("lstrip", token.lstrip());
        json.writeBooleanProperty("rstrip", token.rstrip());
        json.writeBooleanProperty("normalized", token.normalized());
        json.writeBooleanProperty("special", token.special());
        json.writeEndObject();
    }

    private void preTokenizer() {
        startOfType("Sequence");
        json.writeArrayPropertyStart("pretokenizers");
        startOfType("Split");
        json.writeObjectPropertyStart("pattern");
        json.writeStringProperty("Regex", tokenizer.pattern().regex);
        json.writeEndObject();
        json.writeStringProperty("behavior", "Isolated");
        json.writeBooleanProperty("invert", false);
        json.writeEndObject();
        byteLevel(false, true, false);
        json.writeEndArray();
        json.writeEndObject();
    }

    private void byteLevel(boolean addPrefixSpace, boolean trimOffsets, boolean useRegex) {
        startOfType("ByteLevel");
        json.writeBooleanProperty("add_prefix_space", addPrefixSpace);
        json.writeBooleanProperty("trim_offsets", trimOffsets);
        json.writeBooleanProperty("use_regex", useRegex);
        json.writeEndObject();
    }

    /// Puts one begin-of-text token before each text, if the vocabulary has it.
    private void postProcessor() {
        OptionalInt begin = tokenizer.special(SpecialTokens.BEGIN_OF_TEXT);
        if (begin.isEmpty()) {
            byteLevel(true, false, true);
            return;
        }
        startOfType("Sequence");
        json.writeArrayPropertyStart("processors");
        byteLevel(true, false, true);
        startOfType("TemplateProcessing");
        json.writeArrayPropertyStart("single");
        templatePart("SpecialToken", SpecialTokens.BEGIN_OF_TEXT, 0);
        templatePart("Sequence", "A", 0);
        json.writeEndArray();
        json.writeArrayPropertyStart("pair");
        templatePart("SpecialToken", SpecialTokens.BEGIN_OF_TEXT, 0);
        templatePart("Sequence", "A", 0);
        templatePart("SpecialToken", SpecialTokens.BEGIN_OF_TEXT, 1);
        templatePart("Sequence", "B", 1);
        json.writeEndArray();
        json.writeObjectPropertyStart("special_tokens");
        json.writeObjectPropertyStart(SpecialTokens.BEGIN_OF_TEXT);
        json.writeStringProperty("id", SpecialTokens.BEGIN_OF_TEXT);
        json.writeArrayPropertyStart("ids");
        json.writeNumber(begin.getAsInt());
        json.writeEndArray();
        json.writeArrayPropertyStart("tokens");
        json.writeString(SpecialTokens.BEGIN_OF_TEXT);
        json.writeEndArray();
        json.writeEndObject();
        json.writeEndObject();
        json.writeEndObject();
        json.writeEndArray();
        json.writeEndObject();
    }

    private void templatePart(String kind, String id, int typeId) {
        json.writeStartObject();
        json.writeObjectPropertyStart(kind);
        json.writeStringProperty("id", id);
        json.writeNumberProperty("type_id", typeId);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void model() {
        startOfType("BPE");
        for (String name : new String[] {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
            json.writeNullProperty(name);
        }
        json.writeBooleanProperty("fuse_unk", false);
        json.writeBooleanProperty("byte_fallback", false);
        json.writeBooleanProperty("ignore_merges", true);
        json.writeObjectPropertyStart("vocab");
        Set<Integer> ids = new HashSet<>();
        for (int rank = 0; rank < vocabulary.size; rank++) {
            ids.add(tokenizer.id(rank));
            json.writeNumberProperty(text(rank), tokenizer.id(rank));
        }
        if (tokenizer.numbering != null) {
            // Other ids than the next ones can only be given here.
            for (AddedToken token : tokenizer.added.tokens) {
                if (ids.add(tokenizer.id(token.id()))) {
                    json.writeNumberProperty(token.name(), tokenizer.id(token.id()));
                }
            }
        }
        json.writeEndObject();
        json.writeArrayPropertyStart("merges");
        for (long merge : Merges.all(vocabulary)) {
            json.writeString(text((int) (merge >>> 32)) + " " + text((int) merge));
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private String text(int id) {
        return ByteLevel.encode(vocabulary.pool, vocabulary.offset[id], vocabulary.offset[id + 1]);
    }

    private void startOfType(String type) {
        json.writeStartObject();
        json.writeStringProperty("type", type);
    }
}
