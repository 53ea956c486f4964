package llams.tokenizer;

import java.util.Locale;

/// How text is cut into pieces before merging. Every pattern stands for the regular expression that its vocabulary was
/// made with; the splitting itself is written by hand.
public enum SplitPattern {

    /// Llama 3's.
    LLAMA3(Regexes.CL100K, new Llama3Splitter()),
    /// cl100k's, which is the same as Llama 3's.
    CL100K(Regexes.CL100K, new Llama3Splitter()),
    /// GPT-2's.
    GPT2(Regexes.GPT2, new Gpt2Splitter()),
    /// o200k's.
    O200K(Regexes.O200K, new O200kSplitter());

    /// The expression as the libraries of the field write it: `\s` is Unicode's `White_Space`, and case is ignored as
    /// Unicode does. (Java's own `\s` and `(?i:` are narrower.)
    public final String regex;

    final Splitter splitter;

    SplitPattern(String regex, Splitter splitter) {
        this.regex = regex;
        this.splitter = splitter;
    }

    /// The pattern called `llama3`, `cl100k`, `gpt2` or `o200k`, in any case.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public static SplitPattern named(String name) {
        for (SplitPattern pattern : values()) {
            if (pattern.name().equalsIgnoreCase(name)) {
                return pattern;
            }
        }
        throw new IllegalArgumentException(
                "no split pattern is called \"" + name + "\"; there are llama3, cl100k, gpt2, o200k");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Constants that the enum's own constructor calls may name.
    private static final class Regexes {
        static final String CL100K = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        static final String GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        static final String O200K = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }
}
