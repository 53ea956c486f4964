package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.tensor.Tensor;
import llams.trainer.data.DataLoader;

/// A run that has its directory: it hears its teacher, takes up the newest save, and makes its steps.
///
/// @param arena for what belongs to the run beside its model
record RunStart(TrainingRun run, Arena arena, RunDirectory directory, TrainingRun.Listener listener) {
    /// @param resume       true to continue from the newest good save
    /// @param settingsFile left beside the log; null for none
    /// @return the last step; null if the run was told to stop while its teacher was asked
    TrainingRun.Report train(boolean resume, String settingsFile) throws IOException {
        Map<String, Tensor> resident = new LinkedHashMap<>(run.model.resident());
        List<Leaf> state = run.settings.optimizer().state(run.model.trained());
        for (Leaf leaf : state) {
            resident.computeIfAbsent(leaf.name(), name -> Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
        }
        if (run.samples != null) {
            resident.putAll(run.samples.resident(arena));
        }
        RunSettings asked = RunSettings.of(run.settings, run.data, run.model.config(), run.origin);
        if (!run.teaching.ask(run, listener::note)) {
            return null;
        }
        resident.putAll(run.teaching.resident(arena));
        Saves saves = new Saves(run.out, run.settings.keep(), asked, listener::note);
        if (resume) {
            saves.check(state);
        }
        DataLoader loader = new DataLoader(run.data, run.settings.seed(), true);
        int start = 0;
        Lowest lowest = Lowest.NONE;
        if (saves.newest().isPresent()) {
            SavedState saved = saves.restore(state, resident, run.device.arithmetic());
            loader.seek(saved.position());
            start = saved.step();
            lowest = saved.lowest();
        }
        listener.begins(saves.newest().orElse(null));
        if (settingsFile != null) {
            directory.writeSettings(settingsFile);
        }
        try (TrainingLog log = TrainingLog.open(directory.log(), start, listener::note)) {
            boolean isOver = lowest.ends(run.watch.patience());
            if ((start == asked.steps() || isOver) && saves.isFinished()) {
                listener.note(isOver
                        ? "the run ended early after " + start + " steps, and the result is complete; more `patience`"
                                + " would continue from there"
                        : "all " + start + " steps are done and the result is complete; more `steps` or `epochs`"
                                + " would continue from there");
                run.completed();
                return log.last(start, asked.steps());
            }
            return steps(asked, resident, loader, saves, log, start, lowest);
        }
    }

    private TrainingRun.Report steps(RunSettings asked, Map<String, Tensor> resident, DataLoader loader, Saves saves,
            TrainingLog log, int start, Lowest lowest) throws IOException {
        TrainSettings settings = run.settings;
        Trainable model = run.model;
        try (Trainer trainer = new Trainer(run.teaching.watched(run.device), settings.objective(), model.models(),
                model.trained(), model.summed(), resident, settings.optimizer(), settings.tokens(),
                settings.recompute(), settings.seed(), settings.isFused())) {
            RunOutput output = new RunOutput(run, asked, trainer, saves, log, listener, lowest);
            Watchers watchers = Watchers.open(run.watch, run.out, RunCard.facts(run, asked), directory.log(), start,
                    listener::note);
            String end = "failed";
            try {
                TrainingRun.Report last = new TrainLoop(run, loader, trainer, output, saves, log, listener, watchers)
                        .run(start, asked.steps());
                end = last.isLast() ? "finished" : run.isComplete() ? "finished early" : "stopped";
                return last;
            } finally {
                watchers.end(end);
            }
        }
    }
}
