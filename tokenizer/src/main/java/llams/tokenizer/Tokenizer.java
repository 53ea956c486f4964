package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/// Text to ids and back with a byte-level vocabulary, exactly as tiktoken does it.
///
/// Text is cut into pieces ([SplitPattern]); a piece that is a token is that token; any other starts as single bytes,
/// of which adjacent ones merge, lowest rank first, leftmost on ties. Nothing is normalised. A lone surrogate counts as
/// U+FFFD.
///
/// Immutable and safe for use by many threads.
public final class Tokenizer {

    /// As `allowed`: every special token. As `disallowed`: every special token that is not allowed. It is this object
    /// that means so, not a set of equal content.
    public static final Set<String> ALL = Set.of("all");

    final Vocabulary vocabulary;
    final AddedTokens added;
    /// Null where numbers are ids.
    final Numbering numbering;

    private final Encoders encoders;
    private final SplitPattern pattern;
    final boolean cutsLongRuns;
    private final Decoder decoder;
    private final Map<String, Integer> specials;

    private Tokenizer(Vocabulary vocabulary, Encoders encoders, AddedTokens added, Numbering numbering,
            SplitPattern pattern, boolean cutsLongRuns) {
        this.vocabulary = vocabulary;
        this.encoders = encoders;
        this.pattern = pattern;
        this.cutsLongRuns = cutsLongRuns;
        this.added = added;
        this.numbering = numbering;
        decoder = new Decoder(vocabulary, added, numbering);
        Map<String, Integer> names = new LinkedHashMap<>();
        for (AddedToken token : added.tokens) {
            if (token.special()) {
                names.put(token.name(), id(token.id()));
            }
        }
        specials = Collections.unmodifiableMap(names);
    }

    /// Reads a tokenizer.
    ///
    /// `fileOrDirectory` is a file in tiktoken's format (`tokenizer.model`), a `tokenizer.json`, or a directory with
    /// `tokenizer.model`, `original/tokenizer.model` or `tokenizer.json`, looked for in this order: tiktoken's form
    /// loads fastest.
    ///
    /// tiktoken's format has no special tokens. They are those of a `tokenizer.json` beside it, else those of a
    /// `tokenizer_config.json` beside it (`added_tokens_decoder`), if these start with the id after the last rank; else
    /// they are Llama 3's 256, placed after the last rank. When a directory's `tokenizer.json` does not fit its
    /// tiktoken file, it is `tokenizer.json` that is used.
    ///
    /// @throws IOException if there is no such file, or it is damaged or of a kind that this class cannot honour; the
    ///                     message says where and what to do
    public static Tokenizer load(Path fileOrDirectory) throws IOException {
        return TokenizerFiles.load(fileOrDirectory);
    }

    /// A tokenizer with Llama 3's pattern of the given tokens in the order of their ids, and of special tokens that
    /// follow them.
    ///
    /// @throws IllegalArgumentException if a token is empty or there twice, or if one of the 256 single bytes is
    ///     missing
    public static Tokenizer of(List<byte[]> tokens, List<String> specials) {
        return of(tokens, specials, SplitPattern.LLAMA3);
    }

    /// As [#of(List,List)], with another pattern.
    public static Tokenizer of(List<byte[]> tokens, List<String> specials, SplitPattern pattern) {
        List<AddedToken> added = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String name : specials) {
            if (name.isEmpty() || !names.add(name)) {
                throw new IllegalArgumentException("special token \"" + name + "\" is empty or there twice");
            }
            added.add(new AddedToken(name, tokens.size() + added.size()));
        }
        return of(Vocabulary.of(tokens), added, null, pattern);
    }

    /// @param added     in the order of their numbers, which start no lower than the vocabulary ends, and may leave
    ///                  gaps
    /// @param numbering null where numbers are ids
    static Tokenizer of(Vocabulary vocabulary, List<AddedToken> added, Numbering numbering, SplitPattern pattern) {
        return new Tokenizer(vocabulary, new Encoders(vocabulary), new AddedTokens(added), numbering, pattern, false);
    }

    /// This tokenizer with further ordinary tokens, whose ids follow all that there are. Ids and merges so far stay as
    /// they are; the new tokens merge after them, in their order. Only a `tokenizer.json` can say so
    /// ([#writeJson(Path,Path)]): in tiktoken's format special tokens come last.
    ///
    /// @throws IllegalArgumentException if a token is empty, or there already
    public Tokenizer with(List<byte[]> more) {
        return Extension.of(this, more);
    }

    /// This tokenizer with the ordinary tokens of `other` that it lacks and that merging leads to, in the order of
    /// their ids, up to `most`.
    public Tokenizer withTokensOf(Tokenizer other, int most) {
        return Extension.of(this, Extension.missing(vocabulary, other.vocabulary, most));
    }

    /// The names of Llama 3's 256 special tokens in the order of their ids.
    public static List<String> llama3Specials() {
        return SpecialTokens.llama3();
    }

    /// The same tokenizer with the habit of Meta's own wrapper, which this class leaves out by default: text is first
    /// cut every 400,000 code points and inside every run of more than 25,000 that are all white space or all not. Only
    /// ids of such long texts differ.
    public Tokenizer cuttingLongRuns() {
        return new Tokenizer(vocabulary, encoders, added, numbering, pattern, true);
    }

    /// The number of ids, special ones among them: one more than the highest.
    public int size() {
        return decoder.size();
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
        AddedToken token = decoder.added(id);
        return token != null && token.special();
    }

    /// The id of the one token, added or not, that stands for exactly this text, if there is one.
    public OptionalInt token(String text) {
        AddedToken token = added.named(text);
        return token != null ? OptionalInt.of(id(token.id())) : token(Utf8.bytes(text));
    }

    /// The id of the one ordinary token of exactly these bytes, if there is one.
    public OptionalInt token(byte[] bytes) {
        int rank = bytes.length == 0
                ? Vocabulary.NONE
                : vocabulary.find(Arrays.copyOf(bytes, bytes.length + Vocabulary.SLACK_BYTES), 0, bytes.length);
        return rank == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id(rank));
    }

    /// The ids of bytes that are one piece: looked up as a whole, else merged. They need not be UTF-8.
    ///
    /// @throws IllegalArgumentException if there are none
    public int[] encodePiece(byte[] piece) {
        if (piece.length == 0) {
            throw new IllegalArgumentException("a piece has at least one byte");
        }
        int[] numbers = Merges.encode(vocabulary, piece);
        return numbering == null ? numbers : numbering.toIds(numbers);
    }

    /// The ids of `text`, in which special tokens' names are plain text. Added tokens that are not special are tokens
    /// here too.
    public int[] encodeOrdinary(String text) {
        return encode(text, added.ordinary());
    }

    /// The ids of `text`, in which the names of `allowed` are special tokens, and other special names plain text.
    /// [#ALL] stands for every special token in `allowed`, for every one not allowed in `disallowed`; tiktoken's own
    /// default is `encode(text, Set.of(), ALL)`.
    ///
    /// @throws IllegalArgumentException if a name of `disallowed` occurs in the text
    public int[] encode(String text, Set<String> allowed, Set<String> disallowed) {
        AddedTokens.refuse(added.disallowed(allowed, disallowed), text, text.length());
        return encode(text, added.finders(allowed));
    }

    /// `text` with a `guard`, which it must not contain, in every special token's name: for [#encodeGuarded].
    public String guarded(String text, char guard) {
        return added.guarded(text, guard);
    }

    /// The ids of `text`, in which the names of special tokens are special tokens, unless there is a `guard` in them,
    /// and their places. Guards are no text, and have no place.
    public Encoding encodeGuarded(String text, char guard) {
        Encoder encoder = encoders.take();
        added.finders(ALL)
                .cut(text, (from, to) -> encode(encoder, text.substring(from, to).replace(String.valueOf(guard), ""),
                        added.ordinary()), encoder.ids::add);
        return decoder.withOffsets(text.replace(String.valueOf(guard), ""), ids(encoder));
    }

    int[] encode(String text, AddedTokens.Finders finders) {
        Encoder encoder = encoders.take();
        if (cutsLongRuns) {
            for (LongRuns.Cut cut : LongRuns.cuts(text)) {
                encode(encoder, text.substring(cut.from(), cut.to()), finders);
            }
        } else {
            encode(encoder, text, finders);
        }
        return ids(encoder);
    }

    private void encode(Encoder encoder, String text, AddedTokens.Finders finders) {
        if (finders == null) {
            encoder.encode(pattern.splitter, text, 0, text.length());
        } else {
            finders.cut(text, (from, to) -> encoder.encode(pattern.splitter, text, from, to), encoder.ids::add);
        }
    }

    private int[] ids(Encoder encoder) {
        int[] numbers = encoders.giveBack(encoder);
        return numbering == null ? numbers : numbering.toIds(numbers);
    }

    /// [#encodeOrdinary] with the places of the tokens.
    public Encoding encodeWithOffsets(String text) {
        return decoder.withOffsets(text, encodeOrdinary(text));
    }

    /// [#encode] with the places of the tokens.
    public Encoding encodeWithOffsets(String text, Set<String> allowed, Set<String> disallowed) {
        return decoder.withOffsets(text, encode(text, allowed, disallowed));
    }

    /// [#encodeOrdinary] of every text, on all cores.
    public List<int[]> encodeBatch(List<String> texts) {
        return encodeBatch(texts, Runtime.getRuntime().availableProcessors());
    }

    /// [#encodeOrdinary] of every text, on `threads` threads; the ids are in the order of the texts.
    public List<int[]> encodeBatch(List<String> texts, int threads) {
        return Batch.map(texts, this::encodeOrdinary, threads);
    }

    /// The text of the ids, special tokens as their names. Bytes that are no UTF-8 become U+FFFD, one for each maximal
    /// subpart.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id
    public String decode(int... ids) {
        return decoder.text(ids);
    }

    /// The text of the ids.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id, or if the bytes are no UTF-8
    public String decodeStrict(int... ids) {
        return decoder.strictText(ids);
    }

    /// The bytes of the ids.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id
    public byte[] decodeBytes(int... ids) {
        return decoder.bytes(ids);
    }

    /// The bytes of one token; an added one's are its name.
    ///
    /// @throws IllegalArgumentException if the vocabulary has no such id
    public byte[] bytes(int id) {
        return decoder.bytes(id);
    }

    /// A decoder for ids that come one by one.
    public StreamingDecoder streamingDecoder() {
        return new StreamingDecoder(this);
    }

    /// Writes the ordinary tokens in tiktoken's format, which has no room for special tokens: keep them in a
    /// [#writeJson] beside it, unless they are Llama 3's. A file of this name is replaced only when the new one is
    /// whole.
    public void writeTiktoken(Path file) throws IOException {
        SafeFile.write(file, out -> TiktokenFile.write(vocabulary, out));
    }

    /// Writes a `tokenizer.json` that Hugging Face's library loads and that encodes there as here, except that the
    /// names of special tokens in a text are always special tokens there, and one begin-of-text token is put before a
    /// text. A file of this name is replaced only when the new one is whole.
    public void writeJson(Path file) throws IOException {
        SafeFile.write(file, out -> TokenizerJsonWriter.write(this, out));
    }

    /// As [#writeJson(Path)], with all but the tokens and merges as they stand in `base`: the `tokenizer.json` of the
    /// tokenizer that this one was made from by [#with].
    ///
    /// @throws IOException if `base` cannot be read, or is of another tokenizer
    public void writeJson(Path file, Path base) throws IOException {
        byte[] json = ExtendedJson.of(this, base);
        SafeFile.write(file, out -> out.write(json));
    }

    /// Writes the `tokenizer_config.json` that Hugging Face's libraries want beside a [#writeJson]. A file of this name
    /// is replaced only when the new one is whole.
    public void writeConfig(Path file) throws IOException {
        SafeFile.write(file, out -> TokenizerJsonWriter.writeConfig(this, out));
    }

    /// The id of a token of this number.
    int id(int number) {
        return numbering == null ? number : numbering.id(number);
    }
}
