package llams.trainer.task;

import java.util.Map;

/// A question with what the model answered.
///
/// @param answer the choice with the greatest likelihood, or what the model wrote
/// @param pick   that choice's index; -1 if the model wrote
/// @param right  whether it is right, by metric
record Answered(TaskQuestion question, String answer, int pick, Map<String, Boolean> right) {}
