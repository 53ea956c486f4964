package llams.trainer.data;

/// What a data set holds, and what packing did to it. Every token of the documents is in a sequence, truncated, or
/// dropped.
///
/// @param documents        documents, before anything is dropped
/// @param tokens           their tokens
/// @param longest          tokens of the longest document
/// @param sequences        sequences made of them
/// @param packedTokens     tokens in the sequences
/// @param countedTokens    labels that the loss counts, in the sequences
/// @param cut              documents that continue in another sequence
/// @param truncated        documents whose end was left out, because they may not be cut and are longer than a sequence
/// @param truncatedTokens  their tokens that were left out
/// @param dropped          documents left out whole, because no token of what remains of them counts
/// @param droppedTokens    their tokens
public record DataStatistics(int documents, long tokens, int longest, int sequences, long packedTokens,
        long countedTokens, int cut, int truncated, long truncatedTokens, int dropped, long droppedTokens) {
    /// Of both.
    DataStatistics plus(DataStatistics other) {
        return new DataStatistics(documents + other.documents, tokens + other.tokens, Math.max(longest, other.longest),
                sequences + other.sequences, packedTokens + other.packedTokens, countedTokens + other.countedTokens,
                cut + other.cut, truncated + other.truncated, truncatedTokens + other.truncatedTokens,
                dropped + other.dropped, droppedTokens + other.droppedTokens);
    }
}
