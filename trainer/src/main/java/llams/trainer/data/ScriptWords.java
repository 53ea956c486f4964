package llams.trainer.data;

/// How many words of a text are written in which script. A word is what stands between white space and has a letter;
/// one with any Hangul is Korean, as in `Python의`, and of the others one with any Latin letter is Latin.
///
/// @param other words in Han, Kana, Cyrillic or another script alone
public record ScriptWords(int hangul, int latin, int other) {
    public static ScriptWords of(String text) {
        int hangul = 0;
        int latin = 0;
        int other = 0;
        for (String word : text.split("[\\s\\p{Z}]+")) {
            boolean hasHangul = false;
            boolean hasLatin = false;
            boolean hasLetter = false;
            for (int i = 0; i < word.length(); i += Character.charCount(word.codePointAt(i))) {
                int letter = word.codePointAt(i);
                if (Character.isLetter(letter)) {
                    hasLetter = true;
                    hasHangul |= Character.UnicodeScript.of(letter) == Character.UnicodeScript.HANGUL;
                    hasLatin |= Character.UnicodeScript.of(letter) == Character.UnicodeScript.LATIN;
                }
            }
            hangul += hasHangul ? 1 : 0;
            latin += hasLatin && !hasHangul ? 1 : 0;
            other += hasLetter && !hasLatin && !hasHangul ? 1 : 0;
        }
        return new ScriptWords(hangul, latin, other);
    }

    public int all() {
        return hangul + latin + other;
    }

    /// Whether at least half of the words are Korean; true for a text without words, such as a number.
    public boolean isKorean() {
        return 2 * hangul >= all();
    }

    /// Whether at least half of the words are Latin; true for a text without words.
    public boolean isLatin() {
        return 2 * latin >= all();
    }
}
