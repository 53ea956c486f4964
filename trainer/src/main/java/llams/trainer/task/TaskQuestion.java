package llams.trainer.task;

import java.util.List;

/// A question of a task.
///
/// @param origin  `file:line`, for messages
/// @param subject that it belongs to; may be empty
/// @param choices to choose from; none if the model writes its answer
/// @param right   index of the right choice
/// @param answer  the right answer's text
record TaskQuestion(String origin, String subject, Prompt prompt, List<String> choices, int right, String answer) {}
