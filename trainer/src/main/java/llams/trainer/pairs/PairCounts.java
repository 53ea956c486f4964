package llams.trainer.pairs;

/// What pairs have cost so far, in this run and those before it.
///
/// @param pairs       that are kept
/// @param answers     that the endpoint gave
/// @param unusable    answers without any pair, and requests that failed
/// @param incomplete  pairs in other answers that lack a text
/// @param duplicates  pairs whose question was there already, in either language
/// @param wrongScript pairs with a text that is not in its language
public record PairCounts(int pairs, int answers, int unusable, int incomplete, int duplicates, int wrongScript,
        long promptTokens, long completionTokens) {}
