package llams.trainer.data;

import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// One question and answer in Korean and in English.
public record LanguagePair(String qKo, String aKo, String qEn, String aEn) {
    static final List<String> KEYS = List.of("q_ko", "a_ko", "q_en", "a_en");

    static LanguagePair of(Row row) {
        return new LanguagePair(row.text("q_ko"), row.text("a_ko"), row.text("q_en"), row.text("a_en"));
    }

    /// A pair as JSON has it, `{"q_ko", "a_ko", "q_en", "a_en"}`; other keys are of no interest.
    ///
    /// @throws DataException if a text is missing or blank; the message begins with `place`
    public static LanguagePair of(ObjectNode json, String place) {
        for (String key : KEYS) {
            if (JsonLine.text(json, key, place).isBlank()) {
                throw new DataException(place + ": \"" + key + "\" is blank; wanted a string");
            }
        }
        return of(new Row(json, place));
    }

    /// The pair as JSON, as [#of] reads it.
    public ObjectNode json() {
        return JsonNodeFactory.instance.objectNode()
                .put("q_ko", qKo)
                .put("a_ko", aKo)
                .put("q_en", qEn)
                .put("a_en", aEn);
    }

    /// The four conversations that tie the languages together: English to English, English to Korean, Korean to
    /// English, Korean to Korean.
    public List<List<ChatMessage>> conversations() {
        return List.of(conversation(qEn, aEn), conversation(qEn, aKo), conversation(qKo, aEn), conversation(qKo, aKo));
    }

    private static List<ChatMessage> conversation(String question, String answer) {
        return List.of(new ChatMessage("user", question), new ChatMessage("assistant", answer));
    }
}
