/// Merges that are learned.
///
/// | file | what it does |
/// |---|---|
/// | [LearnedChatVector] | a chat vector with a strength for every projection, found by gradient |
package llams.trainer.merge;
