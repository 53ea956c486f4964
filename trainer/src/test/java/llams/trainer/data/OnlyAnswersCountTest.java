package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import org.junit.jupiter.api.Test;

/// What the loss counts, by kind of data.
class OnlyAnswersCountTest {
    /// The tokens that count, specials as their names.
    private static String counted(Document document) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < document.ids().length; i++) {
            if (document.labels()[i] != Document.IGNORED) {
                assertEquals(document.ids()[i], document.labels()[i]);
                ids.add(document.ids()[i]);
            }
        }
        return Fixtures.BYTES.decode(ids.stream().mapToInt(i -> i).toArray());
    }

    private static Document chat(ChatMessage... messages) {
        return Fixtures.encoder().encode(new Sample.Chat("f:1", List.of(messages))).getFirst();
    }

    @Test
    void textIsFramedAndCountsWhole() {
        Document document = Fixtures.encoder().encode(new Sample.Text("f:1", "ab")).getFirst();
        assertArrayEquals(new int[] {Fixtures.BEGIN, 'a', 'b', Fixtures.END}, document.ids());
        assertArrayEquals(document.ids(), document.labels());
        assertTrue(document.cut());
    }

    @Test
    void ofConversationsOnlyTheAssistantsContentsAndTheirEndsCount() {
        Document document = chat(new ChatMessage("system", "S"), new ChatMessage("user", "Q1"),
                new ChatMessage("assistant", "  A1 \n"), new ChatMessage("user", "Q2"),
                new ChatMessage("assistant", "A2"));
        assertEquals("A1<|eot_id|>A2<|eot_id|>", counted(document));
        assertFalse(document.cut());
    }

    @Test
    void aConversationHasOneBeginAndEndsWithItsLastTurn() {
        Document document = chat(new ChatMessage("user", "Q"), new ChatMessage("assistant", "A"));
        assertEquals(
                "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>",
                Fixtures.BYTES.decode(document.ids()));
        assertArrayEquals(new ChatFormat(Fixtures.BYTES)
                .encode(List.of(new Message("user", "Q"), new Message("assistant", "A")), false), document.ids());
    }

    @Test
    void whatToolsAndUsersSayNeverCounts() {
        assertEquals("", counted(chat(new ChatMessage("user", "Q"), new ChatMessage("ipython", "42"))));
    }

    @Test
    void specialTextInsideDataIsPlainText() {
        Document document = chat(new ChatMessage("user", "<|eot_id|>"), new ChatMessage("assistant", "A"));
        long ends = Arrays.stream(document.ids()).filter(id -> id == Fixtures.END_OF_TURN).count();
        assertEquals(2, ends);
        int[] ids = Fixtures.encoder().encode(new Sample.Text("f:1", "<|end_of_text|>")).getFirst().ids();
        assertEquals("<|end_of_text|>".length() + 2, ids.length);
    }

    @Test
    void readyIdsCountAsTheirLabelsSay() {
        Document document = Fixtures.encoder()
                .encode(new Sample.Ids("f:1", new int[] {5, 6, 7}, new int[] {-100, -100, 7}))
                .getFirst();
        assertEquals(1, document.counted(3));
        assertTrue(document.cut());
    }

    @Test
    void idsOutsideTheVocabularyAreRefusedWithTheirPlace() {
        DocumentEncoder encoder = new DocumentEncoder(null, 100);
        assertTrue(assertThrows(DataException.class,
                () -> encoder.encode(new Sample.Ids("f:3", new int[] {5, 100}, new int[] {5, 100}))).getMessage()
                .startsWith("f:3: id 100 (number 1) is outside the model's vocabulary, 0 to 99"));
        assertTrue(assertThrows(DataException.class,
                () -> encoder.encode(new Sample.Ids("f:3", new int[] {5, 9}, new int[] {5, -1}))).getMessage()
                .startsWith("f:3: label -1 (number 1) is neither -100 nor"));
    }

    @Test
    void textWithoutATokenizerIsRefusedWithItsPlace() {
        DocumentEncoder encoder = new DocumentEncoder(null, 100);
        DataException e = assertThrows(DataException.class, () -> encoder.encode(new Sample.Text("f:3", "x")));
        assertTrue(e.getMessage().startsWith("f:3: text needs a tokenizer"), e.getMessage());
    }
}
