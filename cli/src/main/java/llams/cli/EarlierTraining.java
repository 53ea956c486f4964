package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.model.files.DataException;
import llams.trainer.run.TrainRequest;
import picocli.CommandLine;

/// The command that made a run, from the `train.yaml` that it left.
final class EarlierTraining {
    private static final String SETTINGS = "train.yaml";

    private EarlierTraining() {}

    /// @param out    where the run is to write
    /// @param resume whether it continues from a save there
    static TrainRequest request(Path run, Path out, boolean resume) throws IOException {
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
        training.complete();
        return training.request();
    }
}
