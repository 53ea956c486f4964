package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.tensor.Tensor;
import llams.engine.safetensors.Checkpoint;
import llams.trainer.data.DataLoader;

/// A run that has its directory: it hears its teacher, takes up the newest save, and makes its steps.
///
/// @param arena     for what belongs to the run beside its model
/// @param directory null at a worker that is not the first
record RunStart(TrainingRun run, Arena arena, RunDirectory directory, TrainingRun.Listener listener) {
    /// Where a run begins; the first worker tells the others.
    ///
    /// @param isDone whether there is nothing left to do
    private record Beginning(int step, DataLoader.Position position, Lowest lowest, boolean isDone) {
        Beginning told(Workers workers) {
            double[] told = workers.told(step, position.epoch(), position.index(), lowest.loss(), lowest.step(),
                    lowest.since(), isDone ? 1 : 0);
            return new Beginning((int) told[0], new DataLoader.Position((int) told[1], (int) told[2]),
                    new Lowest(told[3], (int) told[4], (int) told[5]), told[6] != 0);
        }
    }

    private static final Beginning ANEW = new Beginning(0, DataLoader.Position.START, Lowest.NONE, false);

    /// @param resume       true to continue from the newest good save
    /// @param settingsFile left beside the log; null for none
    /// @return the last step; null if the run was told to stop while its teacher was asked
    TrainingRun.Report train(boolean resume, String settingsFile) throws IOException {
        Workers workers = Workers.of(run.collective, run.settings);
        List<Leaf> state = run.settings.optimizer().state(run.model.trained());
        Map<String, Tensor> resident = resident(workers);
        if (run.samples != null) {
            resident.putAll(run.samples.resident(arena));
        }
        RunSettings asked = RunSettings.of(run.settings, run.data, run.model.config(), run.origin);
        new Agreement(workers, run.device).check(asked);
        if (!askTeacher(workers)) {
            return null;
        }
        resident.putAll(run.teaching.resident(arena));
        Saves saves = new Saves(run.out, run.settings.keep(), asked, listener::note);
        if (resume) {
            saves.check(state);
        }
        Beginning beginning = ANEW;
        if (saves.newest().isPresent()) {
            SavedState saved = saves.restore(present(state, resident), resident, run.device.arithmetic());
            boolean isOver = saved.step() == asked.steps() || saved.lowest().ends(run.watch.patience());
            beginning = new Beginning(saved.step(), saved.position(), saved.lowest(), isOver && saves.isFinished());
        }
        beginning.told(workers);
        if (!workers.collective().isForAnyThread()) {
            listener.note("this MPI library takes calls from one thread only: gradients are sent when the backward pass"
                    + " has ended, not while it runs");
        }
        shareState(workers, saves.newest().orElse(null), state, resident);
        listener.begins(saves.newest().orElse(null));
        if (settingsFile != null) {
            directory.writeSettings(settingsFile);
        }
        int start = beginning.step;
        DataLoader loader = loader(beginning);
        try (TrainingLog log = TrainingLog.open(directory.log(), start, listener::note)) {
            if (beginning.isDone) {
                listener.note(beginning.lowest.ends(run.watch.patience())
                        ? "the run ended early after " + start + " steps, and the result is complete; more `patience`"
                                + " would continue from there"
                        : "all " + start + " steps are done and the result is complete; more `steps` or `epochs`"
                                + " would continue from there");
                run.completed();
                return log.last(start, asked.steps());
            }
            return steps(asked, trainer(workers, resident), loader, saves, log, beginning);
        }
    }

    /// The same at a worker that is not the first: it reads and writes no run's directory.
    ///
    /// @return the last step; null if there was none
    TrainingRun.Report follow() throws IOException {
        Workers workers = Workers.of(run.collective, run.settings);
        Map<String, Tensor> resident = resident(workers);
        RunSettings asked = RunSettings.of(run.settings, run.data, run.model.config(), run.origin);
        new Agreement(workers, run.device).check(asked);
        if (!askTeacher(workers)) {
            return null;
        }
        resident.putAll(run.teaching.resident(arena));
        Beginning beginning = ANEW.told(workers);
        shareState(workers, null, run.settings.optimizer().state(run.model.trained()), resident);
        if (beginning.isDone) {
            run.completed();
            return null;
        }
        try (Trainer trainer = trainer(workers, resident)) {
            return new FollowLoop(run, loader(beginning), trainer, beginning.lowest).run(beginning.step, asked.steps());
        }
    }

    /// The first worker asks its teacher; the others then find the answers, or ask where they do not see its disk.
    ///
    /// @return whether the run goes on: no worker has been told to stop meanwhile
    private boolean askTeacher(Workers workers) throws IOException {
        boolean goesOn = !workers.isFirst() || run.teaching.ask(run, listener::note);
        workers.collective().await(0);
        if (!workers.decided(goesOn)) {
            return false;
        }
        goesOn = workers.isFirst() || run.teaching.ask(run, listener::note);
        workers.awaitAll();
        return !workers.any(!goesOn);
    }

    /// The tensors of the model and the moments that this worker has.
    Map<String, Tensor> resident(Workers workers) {
        Map<String, Tensor> resident = new LinkedHashMap<>(run.model.resident());
        for (Leaf leaf : run.settings.optimizer().state(workers.owned(run.model.trained()))) {
            resident.computeIfAbsent(leaf.name(), name -> Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
        }
        return resident;
    }

    private static List<Leaf> present(List<Leaf> state, Map<String, Tensor> resident) {
        return state.stream().filter(leaf -> resident.containsKey(leaf.name())).toList();
    }

    /// Sends what a save holds to all workers.
    ///
    /// @param save at the first worker; null if there is none
    private static void shareState(Workers workers, Path save, List<Leaf> state, Map<String, Tensor> resident)
            throws IOException {
        if (workers.isAlone() || !workers.decided(save != null)) {
            return;
        }
        try (Checkpoint tensors = save == null ? null : Checkpoint.open(save.resolve(SavedState.TENSORS));
                Arena others = Arena.ofConfined()) {
            for (Leaf leaf : state) {
                Tensor own = resident.get(leaf.name());
                MemorySegment data = tensors != null
                        ? tensors.tensor(leaf.name()).data()
                        : own != null ? own.data() : others.allocate(leaf.type().bytes());
                workers.collective().broadcast(data, 0);
            }
        }
    }

    private DataLoader loader(Beginning beginning) {
        DataLoader loader = new DataLoader(run.data, run.settings.seed(), true);
        loader.seek(beginning.position);
        return loader;
    }

    Trainer trainer(Workers workers, Map<String, Tensor> resident) {
        TrainSettings settings = run.settings;
        Trainable model = run.model;
        return new Trainer(run.teaching.watched(run.device), settings.objective(), model.models(), model.trained(),
                model.summed(), resident, settings.optimizer(), settings.tokens(), settings.recompute(),
                settings.seed(), settings.isFused(), workers);
    }

    private TrainingRun.Report steps(RunSettings asked, Trainer made, DataLoader loader, Saves saves, TrainingLog log,
            Beginning beginning) throws IOException {
        try (Trainer trainer = made) {
            RunOutput output = new RunOutput(run, asked, trainer, saves, log, listener, beginning.lowest);
            Watchers watchers = Watchers.open(run.watch, run.out, RunCard.facts(run, asked), directory.log(),
                    beginning.step, listener::note);
            String end = "failed";
            try {
                TrainingRun.Report last = new TrainLoop(run, loader, trainer, output, saves, log, listener, watchers)
                        .run(beginning.step, asked.steps());
                end = last.isLast() ? "finished" : run.isComplete() ? "finished early" : "stopped";
                return last;
            } finally {
                watchers.end(end);
            }
        }
    }
}
