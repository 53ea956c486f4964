package llams.trainer.task;

import java.nio.file.Path;
import java.util.List;
import llams.model.chat.TextTemplate;

/// Questions of one kind: where they are, how they are put to a model, and what counts as right.
///
/// @param name        of the task
/// @param about       one line, for people
/// @param data        the questions' rows; null for `NAME.jsonl` where the data lies
/// @param description before everything else; may be empty
/// @param prompt      a question, up to where its answer begins
/// @param answers     where answers come from
/// @param right       the right answer: of choices also its index from 0
/// @param separator   between a question and its answer
/// @param subjects    a line for each subject that a row belongs to; null for what its column `subject` says
/// @param f1          whether [MacroF1] is measured beside the share of right choices
/// @param shots       examples before each question
/// @param chat        whether the model is asked in its chat format
/// @param form        all of the above that a score depends on, as it is written
public record Task(String name, String about, Path data, TextTemplate description, TextTemplate prompt, Answers answers,
        TextTemplate right, String separator, TextTemplate subjects, boolean f1, Shots shots, boolean chat, Form form) {
    /// The column that names a row's subject, unless the task says otherwise.
    static final String SUBJECT = "subject";

    /// Where answers come from.
    public sealed interface Answers {}

    /// From a list: the model's is the one that it finds most likely.
    public sealed interface Choices extends Answers {}

    /// One template each; one that comes out empty is left out.
    record Listed(List<TextTemplate> choices) implements Choices {}

    /// The elements of a row's list.
    record Column(String name, String place) implements Choices {}

    /// From the model, which writes them.
    ///
    /// @param maxTokens of an answer
    /// @param stops     texts that end it
    record Written(int maxTokens, List<String> stops, AnswerRule rule) implements Answers {}

    /// Examples before each question.
    ///
    /// @param count     of them
    /// @param data      their rows; null for `NAME-shots.jsonl` where the data lies
    /// @param fromData  whether they are other questions of the data itself
    /// @param pick      which are taken
    /// @param seed      of a random pick
    /// @param separator after each
    public record Shots(int count, Path data, boolean fromData, Pick pick, long seed, String separator) {
        Shots withCount(int other) {
            return new Shots(other, data, fromData, pick, seed, separator);
        }
    }

    /// Which examples of a question's subject are taken.
    public enum Pick {
        FIRST, RANDOM
    }

    /// What a task's file says that a score depends on, as one text; what is not said is not in it.
    public record Form(String text) {}

    public boolean isChoice() {
        return answers instanceof Choices;
    }

    public Task withShots(int count) {
        return new Task(name, about, data, description, prompt, answers, right, separator, subjects, f1,
                shots.withCount(count), chat, form);
    }

    public Task inChat() {
        return new Task(name, about, data, description, prompt, answers, right, separator, subjects, f1, shots, true,
                form);
    }

    /// The rows of the questions.
    ///
    /// @param directory where data lies that the task's file does not name
    public Path data(Path directory) {
        return data != null ? data : directory.resolve(name + ".jsonl");
    }

    /// The rows of the examples; of no use without any.
    public Path shotsData(Path directory) {
        return shots.fromData
                ? data(directory)
                : shots.data != null ? shots.data : directory.resolve(name + "-shots.jsonl");
    }
}
