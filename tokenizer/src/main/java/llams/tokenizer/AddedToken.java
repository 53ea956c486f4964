package llams.tokenizer;

/// A name that is one token wherever it is looked for in text, as Hugging Face's `added_tokens` describe it.
///
/// @param special    whether the name is plain text unless special tokens are asked for; any other is a token in every
///                   text
/// @param singleWord whether it counts only where no letter, digit or `_` touches it
/// @param lstrip     whether white space before it belongs to it
/// @param rstrip     whether white space after it belongs to it
/// @param normalized whether it is looked for only in what tokens without this flag have left
record AddedToken(String name, int id, boolean special, boolean singleWord, boolean lstrip, boolean rstrip,
        boolean normalized) {

    /// A special token without peculiarities.
    AddedToken(String name, int id) {
        this(name, id, true, false, false, false, false);
    }

    AddedToken withId(int other) {
        return new AddedToken(name, other, special, singleWord, lstrip, rstrip, normalized);
    }

    /// Whether the name at `text[start, end)` is this token.
    boolean standsAt(String text, int start, int end) {
        return !singleWord || (start == 0 || !isWord(text.codePointBefore(start)))
                && (end == text.length() || !isWord(text.codePointAt(end)));
    }

    private static boolean isWord(int codePoint) {
        return Character.isLetterOrDigit(codePoint) || codePoint == '_'
                || Character.getType(codePoint) == Character.NON_SPACING_MARK
                || Character.getType(codePoint) == Character.COMBINING_SPACING_MARK;
    }

    /// Where the token begins whose name starts at `start`, not before `from`.
    int begin(String text, int from, int start) {
        int at = start;
        while (lstrip && at > from && ChatFormat.isPythonSpace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    /// Where the token ends whose name ends at `end`, not after `to`.
    int end(String text, int end, int to) {
        int at = end;
        while (rstrip && at < to && ChatFormat.isPythonSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }
}
