package llams.server.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A schema lets through what satisfies it, byte by byte and token by token, and nothing else.
class AnswersFollowTheSchemaTest {
    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text.replace('\'', '"'));
    }

    private static boolean accepts(Automaton automaton, String text) {
        Automaton.State state = automaton.start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            state = state.next(b & 0xff);
        }
        return state.mayEnd();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{'type': 'integer'} | 0 | -12 | 1.5 | 01", "{'type': 'number'} | 1.5e-3 | -0.25 | 1. | .5",
                    "{'type': 'boolean'} | true | false | null | True",
                    "{'type': ['string', 'null']} | 'a\\n한\\u00e9' | null | 'a | \"\\ud800\"",
                    "{'type': 'string', 'minLength': 2, 'maxLength': 3} | '한글' | 'abc' | 'a' | 'abcd'",
                    "{'enum': ['a', 2, {'b': null}]} | 2 | {'b':null} | 'b' | ''",
                    "{'type': 'array', 'items': {'type': 'integer'}, 'minItems': 1, 'maxItems': 2} | [1] | [1, 2] | [] | [1,2,3]",
                    "{'type': 'array'} | [] | [1,'a',[],{}] | [1,] | {}",
                    "{'type': 'object', 'properties': {'a': {'type': 'integer'}, 'b': {'const': 'x'}}, 'required': ['b'], 'additionalProperties': false} | {'a': 1, 'b': 'x'} | {'b':'x'} | {'a':1} | {'b':'x','a':1}",
                    "{'type': 'object', 'properties': {'a': true, 'b': true}} | {} | {'b': [1]} | {'c':1} | {'a':1 'b':2}",
                    "{'type': 'object', 'additionalProperties': {'type': 'integer'}} | {'x':1,'y':2} | {} | {'x':'y'} | []",
                    "{'anyOf': [{'type': 'null'}, {'$ref': '#/$defs/list'}], '$defs': {'list': {'type': 'object', 'properties': {'next': {'anyOf': [{'type': 'null'}, {'$ref': '#/$defs/list'}]}}, 'required': ['next']}}} | null | {'next':{'next':null}} | {} | {'next':1}"})
    void whatSatisfiesItAndNothingElse(String schema, String yes, String alsoYes, String no, String alsoNo) {
        Automaton automaton = JsonSchema.automaton(json(schema));
        assertTrue(accepts(automaton, yes.replace('\'', '"')), yes);
        assertTrue(accepts(automaton, alsoYes.replace('\'', '"')), alsoYes);
        assertFalse(accepts(automaton, no.replace('\'', '"')), no);
        assertFalse(accepts(automaton, alsoNo.replace('\'', '"')), alsoNo);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{'type': 'string', 'pattern': 'a+'} | schema: \"pattern\" is not supported here",
                    "{'type': 'object', 'properties': {'a': {'type': 'integer', 'minimum': 1}}} | schema.properties.a: \"minimum\" is not supported here",
                    "{'oneOf': []} | schema: \"oneOf\" is not supported here",
                    "{'type': 'date'} | schema: there is no type \"date\"",
                    "{'$ref': 'http://x'} | schema.$ref must refer to a place in this schema: #/$defs/name",
                    "{'$ref': '#'} | schema: it refers to itself only, so nothing satisfies it",
                    "{'type': 'object', 'required': ['a']} | schema.required names what properties does not describe"})
    void whatIsNotSupportedIsNamed(String schema, String message) {
        assertEquals(message,
                assertThrows(IllegalArgumentException.class, () -> JsonSchema.automaton(json(schema))).getMessage());
    }

    /// Letters and pairs of letters, as a vocabulary has them.
    private static Tokenizer tokenizer() {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        for (String pair : List.of("{\"", "\":", " 1", "true", ", \"", "ab", "\"}", "}}", "[1", "]}")) {
            tokens.add(pair.getBytes(StandardCharsets.UTF_8));
        }
        return Tokenizer.of(tokens, List.of("<|end|>"));
    }

    @Test
    void whateverIsPickedEndsAsSuchJson() {
        Tokenizer tokenizer = tokenizer();
        TokenTrie trie = TokenTrie.of(tokenizer);
        int end = tokenizer.special("<|end|>").orElseThrow();
        Automaton automaton = JsonSchema.automaton(json("{'type': 'object', 'properties': {'ab': {'type': 'boolean'},"
                + " 'n': {'type': 'integer'}, 'list': {'type': 'array', 'items': {'enum': ['ab', 1]}, 'maxItems': 3}},"
                + " 'required': ['ab', 'list']}"));
        SplittableRandom random = new SplittableRandom(4);
        for (int run = 0; run < 200; run++) {
            TokenConstraint constraint = new TokenConstraint(automaton, trie, tokenizer);
            StringBuilder text = new StringBuilder();
            while (!constraint.isDone()) {
                float[] logits = new float[tokenizer.size()];
                constraint.mask(logits, Set.of(end));
                int[] allowed = IntStream.range(0, logits.length).filter(id -> logits[id] == 0).toArray();
                int id = allowed[random.nextInt(allowed.length)];
                if (id == end) {
                    break;
                }
                constraint.accept(id);
                text.append(tokenizer.decode(id));
            }
            JsonNode made = JsonMapper.shared().readTree(text.toString());
            assertTrue(made.get("ab").isBoolean() && made.get("list").size() <= 3, text.toString());
        }
    }

    @Test
    void aTokenIsAllowedIfAllItsBytesAre() {
        Tokenizer tokenizer = tokenizer();
        TokenTrie trie = TokenTrie.of(tokenizer);
        SplittableRandom random = new SplittableRandom(5);
        Automaton.State state = JsonSchema.automaton(json("{'type': 'object'}")).start();
        for (int step = 0; step < 300 && !state.mustEnd(); step++) {
            List<Integer> allowed = new ArrayList<>();
            long[] mask = trie.mask(state);
            for (int id = 0; id < tokenizer.size(); id++) {
                Automaton.State after = state;
                for (byte b : tokenizer.isSpecial(id) ? new byte[0] : tokenizer.bytes(id)) {
                    after = after.next(b & 0xff);
                }
                boolean wanted = !tokenizer.isSpecial(id) && !after.isDead();
                assertEquals(wanted, (mask[id / 64] & 1L << id) != 0, "token " + id + " at step " + step);
                if (wanted) {
                    allowed.add(id);
                }
            }
            for (byte b : tokenizer.bytes(allowed.get(random.nextInt(allowed.size())))) {
                state = state.next(b & 0xff);
            }
        }
    }
}
