package llams.tokenizer;

/// Cuts text into the pieces that merging never crosses: what the vocabulary's regular expression does, by hand. The
/// text is well-formed UTF-8. Every character belongs to exactly one piece.
sealed interface Splitter permits Llama3Splitter, Gpt2Splitter, O200kSplitter {

    /// How many bytes past the end of a piece a splitter may need to see to know that it ends there.
    int LOOKAHEAD_BYTES = 16;

    /// The end of the piece that starts at `p < limit`. Where `last` is false, more text follows `limit`, and an end
    /// within
    /// [#LOOKAHEAD_BYTES] of `limit` is not to be trusted.
    int next(byte[] text, int p, int limit, boolean last);

    /// The end of the run of letters, from `p` on.
    static int letters(byte[] text, int p, int limit) {
        while (p < limit) {
            int lead = text[p];
            if (lead < 0) {
                if ((CharClass.at(text, p) & CharClass.LETTER) == 0) {
                    return p;
                }
                p += CharClass.length((byte) lead);
            } else if (p + 8 <= text.length) {
                int count = CharClass.basicLetters(text, p);
                p += count;
                if (count == 0 || count < 8 && text[Math.min(p, limit - 1)] >= 0) {
                    return Math.min(p, limit);
                }
            } else {
                if ((CharClass.BASIC[lead] & CharClass.LETTER) == 0) {
                    return p;
                }
                p++;
            }
        }
        return Math.min(p, limit);
    }

    /// The end of the run of characters with any of `bits`, from `p` on.
    static int run(byte[] text, int p, int limit, int bits) {
        byte[] basic = CharClass.BASIC;
        while (p < limit) {
            int lead = text[p];
            if (lead >= 0) {
                if ((basic[lead] & bits) == 0) {
                    return p;
                }
                p++;
            } else {
                if ((CharClass.at(text, p) & bits) == 0) {
                    return p;
                }
                p += CharClass.length((byte) lead);
            }
        }
        return p;
    }

    /// The end of the run of characters with none of `bits`, from `p` on.
    static int runWithout(byte[] text, int p, int limit, int bits) {
        byte[] basic = CharClass.BASIC;
        while (p < limit) {
            int lead = text[p];
            if (lead >= 0) {
                if ((basic[lead] & bits) != 0) {
                    return p;
                }
                p++;
            } else {
                if ((CharClass.at(text, p) & bits) != 0) {
                    return p;
                }
                p += CharClass.length((byte) lead);
            }
        }
        return p;
    }

    /// `\p{N}{1,3}`: the end of at most three numbers, from `p` on.
    static int numbers(byte[] text, int p, int limit) {
        for (int i = 0; i < 3 && p < limit && (CharClass.at(text, p) & CharClass.NUMBER) != 0; i++) {
            p += CharClass.length(text[p]);
        }
        return p;
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: the end of the white space at `p`, with `byLine` false without the first branch.
    /// White space that ends the text is one piece; before other text its last character goes to what follows.
    static int whiteSpace(byte[] text, int p, int limit, boolean last, boolean byLine) {
        int afterNewline = -1;
        int lastStart = p;
        int end = p;
        while (end < limit) {
            int bits = CharClass.at(text, end);
            if ((bits & CharClass.SPACE) == 0) {
                break;
            }
            lastStart = end;
            end += CharClass.length(text[end]);
            if ((bits & CharClass.NEWLINE) != 0) {
                afterNewline = end;
            }
        }
        if (end == limit && !last) {
            return limit;
        }
        if (byLine && afterNewline >= 0) {
            return afterNewline;
        }
        return end == limit || lastStart == p ? end : lastStart;
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`: the end of the contraction at the apostrophe at `p`, or -1. Where `anyCase`, case is
    /// ignored as Unicode does it, by which U+017F, the long s, is an s.
    static int contraction(byte[] text, int p, int limit, boolean anyCase) {
        if (p + 1 >= limit) {
            return -1;
        }
        int first = lower(text[p + 1], anyCase);
        switch (first) {
            case 's', 't', 'm', 'd' -> {
                return p + 2;
            }
            case 'r', 'v', 'l' -> {
                int second = p + 2 < limit ? lower(text[p + 2], anyCase) : 0;
                return second == (first == 'l' ? 'l' : 'e') ? p + 3 : -1;
            }
            default -> {
                boolean longS = anyCase && p + 2 < limit && text[p + 1] == (byte) 0xC5 && text[p + 2] == (byte) 0xBF;
                return longS ? p + 3 : -1;
            }
        }
    }

    private static int lower(byte c, boolean anyCase) {
        return anyCase && c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
}
