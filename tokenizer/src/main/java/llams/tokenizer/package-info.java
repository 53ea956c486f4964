/// Text to ids and back, exactly as tiktoken does it, and the training of new vocabularies:
///
/// ```
/// text ── AddedTokens ──▶ plain parts ── Splitter ──▶ pieces ── Vocabulary: the whole piece, else LinearMerger ──▶ ids
///         special names                  pattern                                          by rank
/// ```
///
/// | file | what it does |
/// |---|---|
/// | [Tokenizer], [Encoding] | a tokenizer and all that it does: start here |
/// | [StreamingDecoder], `Decoder` | ids to text; bytes, and where each token stands in the text |
/// | `Encoder`, `Encoders`, `IdBuffer`, `Batch` | ordinary text to ids, on one thread; many texts at once |
/// | [SplitPattern], `Splitter`, `Llama3Splitter`, `Gpt2Splitter`, `O200kSplitter`, `CharClass` | cuts text into pieces |
/// | `Vocabulary`, `Numbering`, `Utf8` | the ordinary tokens, where ids are not ranks, and the bytes of text |
/// | `LinearMerger`, `TokenSplits`, `BlockMerger`, `HeapMerger`, `PieceCache` | byte-pair merging: from left to right, by definition, remembered |
/// | `AddedToken`, `AddedTokens`, `SpecialFinder`, `SpecialTokens` | names that are tokens, and how text is cut at them |
/// | [TextParts], `LongRuns` | texts larger than memory, in parts; how Meta's wrapper cuts long texts |
/// | [ChatFormat], [Message], [TextFrame] | Llama 3's conversations; what begins and ends a text |
/// | `TokenizerFiles`, `TiktokenFile` | finds a tokenizer's files; tiktoken's format |
/// | `UsualTokenizerJson`, `UsualJson` | reads a `tokenizer.json` as Llama 3 has it, fast |
/// | `TokenizerJson`, `TokenizerValues`, `TokenizerPipeline`, `TokenizerVocab`, `Merges`, `ByteLevel` | reads any other, and refuses what would work differently here |
/// | [GgufVocabulary] | a vocabulary as GGUF files list it |
/// | `TokenizerJsonWriter`, `SafeFile` | writes `tokenizer.json`; a file appears whole or not at all |
/// | `Extension`, `ExtendedJson` | more tokens for a tokenizer that is in use; its `tokenizer.json` |
/// | [BpeTrainer], `PairMerging`, `PieceCounts`, `TextChunks` | trains a vocabulary |
package llams.tokenizer;
