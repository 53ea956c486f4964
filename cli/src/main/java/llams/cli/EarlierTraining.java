package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.run.Replay;
import picocli.CommandLine;

/// The command that made a run, from the `train.yaml` that it left.
final class EarlierTraining {
    private static final String SETTINGS = "train.yaml";

    private EarlierTraining() {}

    /// @param out       where the run is to write
    /// @param resume    whether it continues from a save there
    /// @param isHeldOut whether its held-out data are needed, on which no step depends
    static TrainCommand command(Path run, Path out, boolean resume, boolean isHeldOut) throws IOException {
        Path settings = run.resolve(SETTINGS);
        if (!Files.isRegularFile(settings)) {
            throw new DataException(run + ": has no " + SETTINGS + ", which says what the run was; only runs of"
                    + " 'llams train' can be made again");
        }
        TrainCommand training = new TrainCommand();
        CommandLine line = CommandArguments.configure(new CommandLine(training));
        line.parseArgs(CommandArguments.marked(line, "--config=" + settings, "--out=" + out));
        training.configure();
        training.options.resume = resume;
        // What several workers made, this process makes alone.
        Replay.accumulate(run).ifPresent(all -> training.options.accumulate = all);
        if (!isHeldOut) {
            training.options.evalData = List.of();
        }
        training.complete();
        return training;
    }
}
