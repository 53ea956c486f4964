package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Pairs of answers in the forms that other training programs use: of both documents only the answer counts.
class PairsAreReadInKnownFormsTest {
    @TempDir
    Path directory;

    private PreferencePairs read(String name, String content) throws IOException {
        return PreferencePairs.load(List.of(Fixtures.file(directory, name, content.replace('\'', '"'))),
                Fixtures.encoder(), 0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'prompt': 'Q', 'chosen': 'A', 'rejected': 'B'}",
                    "{'question': 'Q', 'chosen': 'A', 'rejected': 'B', 'system': ''}",
                    "{'prompt': [{'role': 'user', 'content': 'Q'}], 'chosen': [{'role': 'assistant', 'content': 'A'}],"
                            + " 'rejected': [{'role': 'assistant', 'content': 'B'}]}",
                    "{'chosen': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}],"
                            + " 'rejected': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'B'}]}",
                    "{'prompt': 'Q', 'chosen': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content':"
                            + " 'A'}], 'rejected': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant',"
                            + " 'content': 'B'}]}",
                    "{'conversations': [{'from': 'human', 'value': 'Q'}], 'chosen': {'from': 'gpt', 'value': 'A'},"
                            + " 'rejected': {'from': 'gpt', 'value': 'B'}}",
                    "[{'prompt': 'Q', 'chosen': 'A', 'rejected': 'B'}]",
                    "{\n 'prompt': 'Q',\n 'chosen': 'A',\n 'rejected': 'B'\n}"})
    void forms(String row) throws IOException {
        PreferencePairs read = read("pairs.jsonl", row);
        assertEquals(List.of(), read.notes());
        PreferencePair pair = read.pairs().getFirst();
        assertEquals("A<|eot_id|>", Fixtures.counted(pair.chosen()));
        assertEquals("B<|eot_id|>", Fixtures.counted(pair.rejected()));
        assertEquals(
                "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>",
                Fixtures.BYTES.decode(pair.rejected().ids()));
    }

    @Test
    void earlierTurnsAndOtherKeys() throws IOException {
        String turns = "{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'x'}, {'role': 'user',"
                + " 'content': 'R'}, {'role': 'assistant', 'content': ";
        PreferencePairs read = read("ultra.jsonl",
                "{'chosen': [" + turns + "'A'}], 'rejected': [" + turns + "'B'}], 'score_chosen': 8}");
        assertEquals("A<|eot_id|>", Fixtures.counted(read.pairs().getFirst().chosen()));
        assertEquals(1, read.notes().size());
        assertTrue(read.notes().getFirst().contains("score_chosen"), read.notes().toString());
        assertTrue(Fixtures.BYTES.decode(
                read("system.jsonl", "{'system': 'S', 'prompt': 'Q', 'input': 'I', 'chosen': 'A', 'rejected': 'B'}")
                        .pairs()
                        .getFirst()
                        .chosen()
                        .ids())
                .contains("S<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ\n\nI<|eot_id|>"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{'prompt': 'Q', 'response': 'A'} | no pair of answers; its keys are prompt, response",
                    "{'chosen': 'A', 'rejected': 'B'} | the answers have no prompt",
                    "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'A'} | are the same",
                    "{'prompt': 'Q', 'chosen': ' ', 'rejected': 'A'} | blank",
                    "{'prompt': 'Q', 'chosen': [{'role': 'user', 'content': 'A'}], 'rejected': 'B'} | does not end with",
                    "some text | not JSON"})
    void refused(String row, String expected) {
        String message = assertThrows(DataException.class, () -> read("pairs.jsonl", row)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void aPairIsASequenceOfTwoDocuments() throws IOException {
        PairDataset data = new PairDataset(
                read("pairs.jsonl", "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'Bb'}").pairs(), 64);
        PackedSequence pair = data.sequence(0);
        int chosen = pair.documentStart()[data.tokens(0) - 1];
        assertEquals(1, data.size());
        assertEquals(2 * chosen + 1, data.tokens(0));
        assertEquals(0, pair.position()[chosen]);
        assertEquals(Document.IGNORED, pair.label()[chosen - 1]);
        assertEquals(5, pair.counted());
        String message = assertThrows(DataException.class,
                () -> new PairDataset(read("more.jsonl", "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'Bb'}").pairs(),
                        8))
                .getMessage();
        assertTrue(message.contains("of 1 pairs none"), message);
    }
}
