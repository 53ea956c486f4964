package llams.trainer.task;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import llams.engine.plan.Program;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.model.text.GenerateOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Document;
import llams.trainer.eval.ChoiceQuestion;
import llams.trainer.eval.MultipleChoice;

/// A task put to a model.
public final class TaskRun {
    public final Task task;
    /// Rows of the data that belong to no subject, and are left out.
    public final int withoutSubject;
    private final List<TaskQuestion> questions;
    private final TextGenerator model;
    private final ModelText text;
    /// Null if the model writes its answers.
    private final MultipleChoice choice;
    /// Of questions that the model answers itself.
    private final List<int[]> prompts = new ArrayList<>();

    /// @param directory where data lies that the task's file does not name
    /// @param limit     the most questions of a subject
    /// @param text      the model's conventions for text
    /// @throws DataException if a row lacks something, there are too few examples, or a question is too long
    public TaskRun(Task task, Path directory, int limit, TextGenerator model, ModelText text) throws IOException {
        this.task = task;
        this.model = model;
        this.text = text;
        TaskQuestions.Read read = TaskQuestions.read(task, directory, limit);
        questions = read.questions();
        withoutSubject = read.withoutSubject();
        if (task.isChoice()) {
            List<ChoiceQuestion> list = questions.stream()
                    .map(question -> new ChoiceQuestion(question.origin(), question.prompt().text(), question.choices(),
                            question.right(), task.separator()))
                    .toList();
            choice = task.chat()
                    ? new MultipleChoice(list, (q, answer) -> inChat(questions.get(q), answer), model.context)
                    : new MultipleChoice(list, text, model.context);
        } else {
            choice = null;
            questions.forEach(question -> prompts.add(prompt(question)));
        }
    }

    /// A choice as the assistant's answer. White space at the end of the assistant's header counts as its beginning, as
    /// white space at the end of a text does.
    private Document inChat(TaskQuestion question, String answer) {
        Tokenizer tokenizer = text.tokenizer();
        int[] prompt = text.chat().prompt(question.prompt().messages(), List.of());
        int[] body = tokenizer.encodeOrdinary(answer);
        int[] ids = Arrays.copyOf(prompt, prompt.length + body.length);
        System.arraycopy(body, 0, ids, prompt.length, body.length);
        int from = prompt.length;
        while (from > 1 && !tokenizer.isSpecial(ids[from - 1])
                && tokenizer.decode(new int[] {ids[from - 1]}).isBlank()) {
            from--;
        }
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, from, Document.IGNORED);
        return new Document(question.origin(), ids, labels, false);
    }

    private int[] prompt(TaskQuestion question) {
        int[] ids = task.chat()
                ? text.chat().prompt(question.prompt().messages(), List.of())
                : model.ids(question.prompt().text());
        if (ids.length >= model.context) {
            throw new DataException(question.origin() + ": the question has " + ids.length
                    + " tokens, and with its answer the model allows " + model.context
                    + " (max_position_embeddings); shorten it, or give fewer examples before it");
        }
        return ids;
    }

    /// What [#answers] counts: tokens of choices, or questions whose answers are written.
    public long work() {
        return choice == null ? questions.size() : choice.tokens();
    }

    /// Bytes that [#answers] needs, before anything is allocated.
    public Program.Memory memory() {
        return switch (task.answers()) {
            case Task.Choices _ -> choice.memory(model.model.model);
            case Task.Written written ->
                model.memory(prompts.stream().mapToInt(ids -> ids.length).max().orElse(1), written.maxTokens());
        };
    }

    /// Has all questions answered.
    ///
    /// @param progress hears how much more of [#work] is done
    public TaskAnswers answers(IntConsumer progress) {
        return new TaskAnswers(switch (task.answers()) {
            case Task.Choices _ -> chosen(progress);
            case Task.Written written -> written(written, progress);
        }, task.f1());
    }

    private List<Answered> chosen(IntConsumer progress) {
        List<MultipleChoice.Pick> picks = choice
                .picks(choice.losses(model.model.device, model.model.model, model.model.resident, progress));
        List<Answered> answers = new ArrayList<>();
        for (int q = 0; q < questions.size(); q++) {
            TaskQuestion question = questions.get(q);
            MultipleChoice.Pick pick = picks.get(q);
            Map<String, Boolean> right = new LinkedHashMap<>();
            right.put("acc", pick.likeliest() == question.right());
            right.put("acc_norm", pick.byCharacters() == question.right());
            right.put("acc_bytes", pick.byBytes() == question.right());
            answers.add(new Answered(question, question.choices().get(pick.likeliest()), pick.likeliest(), right));
        }
        return answers;
    }

    private List<Answered> written(Task.Written how, IntConsumer progress) {
        GenerateOptions options = new GenerateOptions(how.maxTokens(), how.stops(), Sampling.greedy());
        List<Answered> answers = new ArrayList<>();
        for (int q = 0; q < questions.size(); q++) {
            TaskQuestion question = questions.get(q);
            String answer = plain(model.generate(prompts.get(q), options, _ -> true).tokens().ids(), how.stops());
            answers.add(new Answered(question, answer, -1,
                    Map.of("exact_match", how.rule().isRight(answer, question.answer()))));
            progress.accept(1);
        }
        return answers;
    }

    /// An answer without special tokens, up to the text that ended it.
    private String plain(int[] ids, List<String> stops) {
        Tokenizer tokenizer = text.tokenizer();
        String plain = tokenizer.decode(Arrays.stream(ids).filter(id -> !tokenizer.isSpecial(id)).toArray());
        for (String stop : stops) {
            plain = plain.split(Pattern.quote(stop), 2)[0];
        }
        return plain;
    }
}
