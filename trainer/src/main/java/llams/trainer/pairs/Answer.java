package llams.trainer.pairs;

/// What an endpoint answers.
///
/// @param text             what its model has written; empty if nothing
/// @param doubt            why this may not be all, in words; empty if nothing says so
/// @param promptTokens     that it charges for the request; 0 if it does not say
/// @param completionTokens that it charges for the answer
record Answer(String text, String doubt, long promptTokens, long completionTokens) {}
