package llams.trainer.pairs;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import llams.trainer.data.LanguagePair;
import llams.trainer.data.ScriptWords;

/// The pairs that are kept, and how many are not.
final class Selection {
    final List<LanguagePair> kept = new ArrayList<>();
    int duplicates;
    int wrongScript;
    private final Set<String> questions = new HashSet<>();

    /// Keeps a pair whose texts are in their languages and whose questions are both new: letters and digits decide,
    /// small or capital.
    ///
    /// @return whether it is kept
    boolean add(LanguagePair pair) {
        if (!isKorean(pair.qKo()) || !isKorean(pair.aKo()) || !isEnglish(pair.qEn()) || !isEnglish(pair.aEn())) {
            wrongScript++;
            return false;
        }
        String korean = "ko " + normalized(pair.qKo());
        String english = "en " + normalized(pair.qEn());
        if (questions.contains(korean) || questions.contains(english)) {
            duplicates++;
            return false;
        }
        questions.add(korean);
        questions.add(english);
        kept.add(pair);
        return true;
    }

    private static boolean isKorean(String text) {
        return ScriptWords.of(text).isKorean();
    }

    private static boolean isEnglish(String text) {
        ScriptWords words = ScriptWords.of(text);
        return words.isLatin() && words.hangul() == 0;
    }

    private static String normalized(String text) {
        String letters = Normalizer.normalize(text, Normalizer.Form.NFKC)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}]+", "");
        return letters.isEmpty() ? text.strip() : letters;
    }
}
