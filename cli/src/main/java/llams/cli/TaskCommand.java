package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.engine.io.AtomicFiles;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.text.TextGenerator;
import llams.trainer.task.Receipt;
import llams.trainer.task.Task;
import llams.trainer.task.TaskAnswers;
import llams.trainer.task.TaskRun;
import llams.trainer.task.TaskScores;
import llams.trainer.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval task`
@Command(
        name = "task",
        description = {"Measure a model on benchmarks such as KMMLU or KoBEST, or on a task of your own.",
                "A task is a YAML file: how its questions are put to the model, and what counts as right. 'llams eval"
                        + " tasks' lists those that come with the program, 'llams eval convert' makes their data of"
                        + " downloaded files.",
                "acc: the right choice has the greatest likelihood; acc_norm: per character; acc_bytes: per byte;"
                        + " exact_match: the written answer is right. Each with its standard error."},
        footer = {"", "Examples:", "  llams eval task kmmlu haerae -m model --data benchmarks",
                "  llams eval task kobest-copa -m model --data benchmarks --shots 5",
                "  llams eval task mine.yaml -m model --receipt model.json"})
final class TaskCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Parameters(
            paramLabel = "TASK",
            arity = "1..*",
            description = "Names of tasks that come with the program, or files.")
    List<String> tasks;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where the tasks' data is: TASK.jsonl, and TASK-shots.jsonl with examples (default: the"
                    + " working directory).")
    Path givenData;

    @Option(
            names = "--shots",
            paramLabel = "N",
            description = "Examples before each question (default: what the task says).")
    Integer shots;

    @Option(names = "--limit", paramLabel = "N", description = "Ask only the first N questions of each subject.")
    Integer limit;

    @Option(
            names = "--chat",
            description = "Ask in the model's chat format, with examples as earlier turns (default: what the task says).")
    boolean chat;

    @Option(
            names = "--receipt",
            paramLabel = "FILE",
            description = "Also write what was measured, with hashes of model, data and prompts, for 'llams eval"
                    + " compare'.")
    Path receipt;

    @Option(names = "--answers", paramLabel = "FILE", description = "Also write the answers, one per line.")
    Path answers;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    private Path data;

    @Override
    public Integer call() throws IOException {
        if (shots != null && shots < 0 || limit != null && limit < 1) {
            throw new ParameterException(spec.commandLine(), "--shots must be at least 0, --limit at least 1");
        }
        data = givenData == null ? Path.of("") : givenData;
        List<Task> chosen = new ArrayList<>();
        for (String name : tasks) {
            Task task = Tasks.find(name);
            task = shots == null ? task : task.withShots(shots);
            chosen.add(chat ? task.inChat() : task);
        }
        Map<Task, TaskAnswers> all = new LinkedHashMap<>();
        try (TextGenerator generator = new TextGenerator(model.open(compute.open()), Integer.MAX_VALUE)) {
            for (Task task : chosen) {
                all.put(task, answers(task, generator));
            }
        }
        Receipt.Conditions conditions = new Receipt.Conditions(model.directory, model.adapter,
                model.weights.form.name(), Version.ofProgram(), data, limit == null ? 0 : limit);
        if (answers != null) {
            StringBuilder lines = new StringBuilder();
            all.forEach((task, given) -> lines.append(given.lines(task.name())));
            AtomicFiles.write(answers, lines.toString().getBytes(StandardCharsets.UTF_8));
        }
        ObjectNode report = Receipt.scores(all);
        if (receipt != null) {
            byte[] text = Receipt.of(conditions, all).toPrettyString().concat("\n").getBytes(StandardCharsets.UTF_8);
            AtomicFiles.write(receipt, text);
        }
        if (json) {
            eval.console.out.println(report.put("device", compute.used));
        } else {
            all.forEach((task, given) -> print(task.name(), given.scores()));
        }
        return Console.DONE;
    }

    private TaskAnswers answers(Task task, TextGenerator generator) throws IOException {
        ModelText text = generator.model.requireText("questions need");
        if (task.chat()) {
            // With a date that stays the same, for templates that write one.
            text = ModelText.of(model.directory, model.adapter, ChatTemplate.TRAINING);
        }
        TaskRun run = new TaskRun(task, data, limit == null ? Integer.MAX_VALUE : limit, generator, text);
        if (run.withoutSubject > 0) {
            eval.console
                    .note(run.withoutSubject + " rows belong to no subject of " + task.name() + " and are left out");
        }
        MachineMemory.check(run.memory(), generator.model.weights.allocatedBytes(), "fewer --shots");
        try (ProgressMeter progress = new ProgressMeter(eval.console.err, task.name(),
                task.isChoice() ? "tokens" : "answers", run.work())) {
            return run.answers(progress::step);
        }
    }

    private void print(String task, TaskScores scores) {
        if (scores.subjects().size() == 1) {
            print(task, scores.all());
            return;
        }
        scores.subjects().forEach(part -> print(task + " " + part.name(), part));
        print(task + " (all questions)", scores.all());
        print(task + " (mean of subjects)", scores.macro());
    }

    /// `66.7% ± 2.1`, without the error if there is none.
    static String text(TaskScores.Score score) {
        String share = String.format(Locale.ROOT, "%.1f%%", 100 * score.share());
        return Double.isFinite(score.error())
                ? share + String.format(Locale.ROOT, " ± %.1f", 100 * score.error())
                : share;
    }

    private void print(String name, TaskScores.Part part) {
        StringBuilder line = new StringBuilder(name).append(':');
        part.metrics().forEach((metric, score) -> line.append("  ").append(metric).append(' ').append(text(score)));
        line.append(String.format(Locale.ROOT, "  of %,d", part.questions()));
        if (part.chance() > 0) {
            line.append(String.format(Locale.ROOT, "; blind picks: %.1f%%", 100 * part.chance()));
        }
        eval.console.out.println(line);
    }
}
