package llams.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/// Text to ids and back with a byte-level vocabulary, exactly as tiktoken does it.
///
/// Text is cut into pieces ([SplitPattern]); a piece that is a token is that token; any other starts as single bytes, of which
/// adjacent ones merge, lowest rank first, leftmost on ties. Nothing is normalised. A lone surrogate counts as U+FFFD.
///
/// Immutable and safe for use by many threads.
public final class Tokenizer {

    /// As `allowed`: every special token. As `disallowed`: every special token that is not allowed. It is this object that means
    /// so, not a set of equal content.
    public static final Set<String> ALL = Set.of("all");

    private final Vocabulary vocabulary;
    private final Encoders encoders;
    private final SplitPattern pattern;
    private final boolean cutsLongRuns;
    private final Map<String, Integer> specials;
    private final byte[][] specialBytes;
    private final SpecialFinder allSpecials;

    private Tokenizer(Vocabulary vocabulary, Encoders encoders, Map<String, Integer> specials, SplitPattern pattern, boolean cutsLongRuns) {
        this.vocabulary = vocabulary;
        this.encoders = encoders;
        this.pattern = pattern;
        this.cutsLongRuns = cutsLongRuns;
        this.specials = Collections.unmodifiableMap(specials);
        // Plain loops, here and wherever loading comes by: to start Java's streams and lambdas takes as long as a third of it.
        int last = vocabulary.size - 1;
        for (int id : specials.values()) {
            last = Math.max(last, id);
        }
        specialBytes = new byte[last + 1 - vocabulary.size][];
        for (Map.Entry<String, Integer> special : specials.entrySet()) {
            specialBytes[special.getValue() - vocabulary.size] = Utf8.bytes(special.getKey());
        }
        allSpecials = new SpecialFinder(specials.keySet());
    }

    /// Reads a tokenizer.
    ///
    /// `fileOrDirectory` is a file in tiktoken's format (`tokenizer.model`), a `tokenizer.json`, or a directory with
    /// `tokenizer.model`, `original/tokenizer.model` or `tokenizer.json`, looked for in this order: tiktoken's form loads fastest.
    ///
    /// tiktoken's format has no special tokens. They are those of a `tokenizer.json` beside it, else those of a
    /// `tokenizer_config.json` beside it (`added_tokens_decoder`), if these start with the id after the last rank; else they are
    /// Llama 3's 256, placed after the last rank. When a directory's `tokenizer.json` does not fit its tiktoken file, it is
    /// `tokenizer.json` that is used.
    ///
    /// @throws IOException if there is no such file, or it is damaged or of a kind that this class cannot honour; the message
    ///     says where and what to do
    public static Tokenizer load(Path fileOrDirectory) throws IOException {
        return TokenizerFiles.load(fileOrDirectory);
    }

    /// A tokenizer with Llama 3's pattern of the given tokens in the order of their ids, and of special tokens that follow them.
    ///
    /// @throws IllegalArgumentException if a token is empty or there twice, or if one of the 256 single bytes is missing
    public static Tokenizer of(List<byte[]> tokens, List<String> specials) {
        return of(tokens, specials, SplitPattern.LLAMA3);
    }

    /// As [#of(List,List)], with another pattern.
    public static Tokenizer of(List<byte[]> tokens, List<String> specials, SplitPattern pattern) {
        int[] offset = new int[tokens.size() + 1];
        for (int i = 0; i < tokens.size(); i++) {
            offset[i + 1] = Math.addExact(offset[i], tokens.get(i).length);
        }
        byte[] pool = new byte[offset[tokens.size()] + Vocabulary.SLACK_BYTES];
        for (int i = 0; i < tokens.size(); i++) {
            System.arraycopy(tokens.get(i), 0, pool, offset[i], tokens.get(i).length);
        }
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String name : specials) {
            if (name.isEmpty() || ids.putIfAbsent(name, tokens.size() + ids.size()) != null) {
                throw new IllegalArgumentException("special token \"" + name + "\" is empty or there twice");
            }
        }
        return of(new Vocabulary(pool, offset), ids, pattern);
    }

    /// `specials` may leave gaps, but starts no lower than the vocabulary ends.
    static Tokenizer of(Vocabulary vocabulary, Map<String, Integer> specials, SplitPattern pattern) {
        return new Tokenizer(vocabulary, new Encoders(vocabulary), specials, pattern, false);
    }

    /// The names of Llama 3's 256 special tokens in the order of their ids.
    public static List<String> llama3Specials() {
        return SpecialTokens.llama3();
    }

    /// The same tokenizer with the habit of Meta's own wrapper, which this class leaves out by default: text is first cut every
    /// 400,000 code points and inside every run of more than 25,000 that are all white space or all not. Only ids of such long
    /// texts differ.
    public Tokenizer cuttingLongRuns() {
        return new Tokenizer(vocabulary, encoders, specials, pattern, true);
    }

    /// The number of ids, special ones among them: one more than the highest.
    public int size() {
        return vocabulary.size + specialBytes.length;
    }

    /// How text is cut before merging.
    public SplitPattern pattern() {
        return pattern;
    }

    /// All special tokens with their ids, in the order of the ids.
    public Map<String, Integer> specials() {
        return specials;
    }

    /// The id of the special token of this name, such as `<|eot_id|>`.
    public OptionalInt special(String name) {
        Integer id = specials.get(name);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// Whether `id` is a special token's.
    ///
    /// @throws IllegalArgumentException if the vocabulary has no such id
    public boolean isSpecial(int id) {
        check(id);
        return id >= vocabulary.size;
    }

    /// The id of the one token, special or not, that stands for exactly this text, if there is one.
    public OptionalInt token(String text) {
        OptionalInt special = special(text);
        return special.isPresent() ? special : token(Utf8.bytes(text));
    }

    /// The id of the one ordinary token of exactly these bytes, if there is one.
    public OptionalInt token(byte[] bytes) {
        int id = bytes.length == 0 ? Vocabulary.NONE
                : vocabulary.find(Arrays.copyOf(bytes, bytes.length + Vocabulary.SLACK_BYTES), 0, bytes.length);
        return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// The ids of `text`, in which special tokens' names are plain text.
    public int[] encodeOrdinary(String text) {
        Encoder encoder = encoders.take();
        if (cutsLongRuns) {
            for (LongRuns.Cut cut : LongRuns.cuts(text)) {
                encoder.encode(pattern.splitter, text, cut.from(), cut.to());
            }
        } else {
            encoder.encode(pattern.splitter, text, 0, text.length());
        }
        return encoders.giveBack(encoder);
    }

    /// The ids of `text`, in which the names of `allowed` are special tokens, and other special names plain text. [#ALL] stands
    /// for every special token in `allowed`, for every one not allowed in `disallowed`; tiktoken's own default is
    /// `encode(text, Set.of(), ALL)`.
    ///
    /// @throws IllegalArgumentException if a name of `disallowed` occurs in the text
    public int[] encode(String text, Set<String> allowed, Set<String> disallowed) {
        refuseDisallowed(text, allowed, disallowed);
        SpecialFinder finder = finder(allowed);
        Encoder encoder = encoders.take();
        if (cutsLongRuns) {
            for (LongRuns.Cut cut : LongRuns.cuts(text)) {
                encodeParts(encoder, finder, text.substring(cut.from(), cut.to()));
            }
        } else {
            encodeParts(encoder, finder, text);
        }
        return encoders.giveBack(encoder);
    }

    private void encodeParts(Encoder encoder, SpecialFinder finder, String text) {
        int from = 0;
        while (from < text.length()) {
            int start = finder.find(text, from);
            int plainEnd = start < 0 ? text.length() : start;
            encoder.encode(pattern.splitter, text, from, plainEnd);
            from = plainEnd;
            if (start >= 0) {
                from = finder.endAt(text, start);
                encoder.ids.add(specials.get(text.substring(start, from)));
            }
        }
    }

    private SpecialFinder finder(Set<String> allowed) {
        if (allowed == ALL) {
            return allSpecials;
        }
        Set<String> known = new LinkedHashSet<>(allowed);
        known.retainAll(specials.keySet());
        known.remove("");
        return new SpecialFinder(known);
    }

    private void refuseDisallowed(String text, Set<String> allowed, Set<String> disallowed) {
        SpecialFinder finder;
        if (disallowed != ALL) {
            finder = new SpecialFinder(disallowed);
        } else if (allowed == ALL) {
            return;
        } else if (allowed.isEmpty()) {
            finder = allSpecials;
        } else {
            Set<String> rest = new LinkedHashSet<>(specials.keySet());
            rest.removeAll(allowed);
            finder = new SpecialFinder(rest);
        }
        int start = finder.find(text, 0);
        if (start >= 0) {
            throw new IllegalArgumentException("The text contains a special token that is not allowed: "
                    + text.substring(start, finder.endAt(text, start)));
        }
    }

    /// [#encodeOrdinary] with the places of the tokens.
    public Encoding encodeWithOffsets(String text) {
        return withOffsets(text, encodeOrdinary(text));
    }

    /// [#encode] with the places of the tokens.
    public Encoding encodeWithOffsets(String text, Set<String> allowed, Set<String> disallowed) {
        return withOffsets(text, encode(text, allowed, disallowed));
    }

    private Encoding withOffsets(String text, int[] ids) {
        int[] starts = new int[ids.length];
        int[] ends = new int[ids.length];
        int at = 0;
        int charBytes = text.isEmpty() ? 0 : Utf8.byteCount(text, 0);
        int done = 0;
        for (int i = 0; i < ids.length; i++) {
            starts[i] = at;
            int left = length(ids[i]);
            while (left > 0) {
                int step = Math.min(left, charBytes - done);
                left -= step;
                done += step;
                ends[i] = at + (charBytes == 4 ? 2 : 1);
                if (done == charBytes) {
                    at = ends[i];
                    done = 0;
                    charBytes = at < text.length() ? Utf8.byteCount(text, at) : 0;
                }
            }
        }
        return new Encoding(ids, starts, ends);
    }

    /// [#encodeOrdinary] of every text, on all cores.
    public List<int[]> encodeBatch(List<String> texts) {
        return encodeBatch(texts, Runtime.getRuntime().availableProcessors());
    }

    /// [#encodeOrdinary] of every text, on `threads` threads; the ids are in the order of the texts.
    public List<int[]> encodeBatch(List<String> texts, int threads) {
        return Batch.map(texts, this::encodeOrdinary, threads);
    }

    /// The text of the ids, special tokens as their names. Bytes that are no UTF-8 become U+FFFD, one for each maximal subpart.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id
    public String decode(int... ids) {
        byte[] bytes = decodeBytes(ids);
        return Utf8.decode(bytes, 0, bytes.length);
    }

    /// The text of the ids.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id, or if the bytes are no UTF-8
    public String decodeStrict(int... ids) {
        byte[] bytes = decodeBytes(ids);
        int bad = Utf8.firstMalformed(bytes, 0, bytes.length);
        if (bad < bytes.length) {
            throw new IllegalArgumentException(String.format(
                    "the bytes of these %d tokens are no UTF-8 at byte %d (0x%02X); decode puts U+FFFD there", ids.length, bad, bytes[bad]));
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// The bytes of the ids.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id
    public byte[] decodeBytes(int... ids) {
        int length = 0;
        for (int id : ids) {
            length = Math.addExact(length, length(id));
        }
        byte[] bytes = new byte[length];
        int at = 0;
        for (int id : ids) {
            if (id < vocabulary.size) {
                int from = vocabulary.offset[id];
                int count = vocabulary.offset[id + 1] - from;
                System.arraycopy(vocabulary.pool, from, bytes, at, count);
                at += count;
            } else {
                byte[] special = specialBytes[id - vocabulary.size];
                System.arraycopy(special, 0, bytes, at, special.length);
                at += special.length;
            }
        }
        return bytes;
    }

    /// The bytes of one token; a special one's are its name.
    ///
    /// @throws IllegalArgumentException if the vocabulary has no such id
    public byte[] bytes(int id) {
        check(id);
        return id < vocabulary.size ? vocabulary.bytes(id) : specialBytes[id - vocabulary.size].clone();
    }

    /// A decoder for ids that come one by one.
    public StreamingDecoder streamingDecoder() {
        return new StreamingDecoder(this);
    }

    /// Writes the ordinary tokens in tiktoken's format, which has no room for special tokens: keep them in a [#writeJson] beside it,
    /// unless they are Llama 3's. A file of this name is replaced only when the new one is whole.
    public void writeTiktoken(Path file) throws IOException {
        SafeFile.write(file, out -> TiktokenFile.write(vocabulary, out));
    }

    /// Writes a `tokenizer.json` that Hugging Face's library loads and that encodes there as here, except that the names of special
    /// tokens in a text are always special tokens there, and one begin-of-text token is put before a text. A file of this name is
    /// replaced only when the new one is whole.
    public void writeJson(Path file) throws IOException {
        SafeFile.write(file, out -> TokenizerJsonWriter.write(this, out));
    }

    /// Writes the `tokenizer_config.json` that Hugging Face's libraries want beside a [#writeJson]. A file of this name is replaced
    /// only when the new one is whole.
    public void writeConfig(Path file) throws IOException {
        SafeFile.write(file, out -> TokenizerJsonWriter.writeConfig(this, out));
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    private int length(int id) {
        check(id);
        return id < vocabulary.size ? vocabulary.length(id) : specialBytes[id - vocabulary.size].length;
    }

    private void check(int id) {
        if (id < 0 || id >= size() || id >= vocabulary.size && specialBytes[id - vocabulary.size] == null) {
            throw new IllegalArgumentException("id " + id + " is not in this vocabulary of " + size()
                    + " ids; they probably come from another tokenizer");
        }
    }
}
