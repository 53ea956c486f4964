/// How well a model answers. Loss and perplexity are measured by [llams.trainer.run.Evaluator].
///
/// | file | what it does |
/// |---|---|
/// | `MultipleChoice` | answers questions by likelihood and counts the right ones |
/// | `WinRate` | which of two models finds answers more likely |
/// | `DocumentLosses` | the loss of each document for itself, however they are packed |
/// | `LanguageConfusion` | answers in the wrong language, by the script of their lines |
/// | `ModelSummary`, `ExactTask` | losses, exact answers and replies of one model |
/// | `ChoiceQuestion` | one question, and the files that questions are read from |
package llams.trainer.eval;
