package llams.trainer.data;

import java.util.List;
import llams.model.chat.ChatMessage;

/// One question and answer in Korean and in English.
public record LanguagePair(String qKo, String aKo, String qEn, String aEn) {
    static final List<String> KEYS = List.of("q_ko", "a_ko", "q_en", "a_en");

    static LanguagePair of(Row row) {
        return new LanguagePair(row.text("q_ko"), row.text("a_ko"), row.text("q_en"), row.text("a_en"));
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
