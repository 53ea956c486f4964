/// Benchmarks as data: a YAML file says how rows become questions and what counts as right.
///
/// | file | what it does |
/// |---|---|
/// | [Task], `TaskReader`, [Tasks] | a task, its file, and those that come with the program |
/// | [TaskData], `RowFile` | a task's rows, from the files that people download |
/// | `TaskQuestions`, `TaskQuestion`, `Prompt` | rows as a model gets them |
/// | `Examples`, `PythonRandom` | the examples before a question |
/// | [TaskRun], [TaskAnswers], `Answered` | puts a task to a model |
/// | `AnswerRule`, `MathResult` | when a written answer is right |
/// | [TaskScores] | shares of right answers, with their errors, by subject and together |
/// | [Receipt], [Comparison] | what was measured and how; several of them side by side |
package llams.trainer.task;
