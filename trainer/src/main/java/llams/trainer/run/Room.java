package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The disk space that a run will need, known before its first step.
///
/// @param resultBytes of the finished adapter or model, with the files beside its weights
/// @param keepBest    whether the best so far is kept beside it
/// @param saveBytes   of one save
/// @param made        the most saves that the run can make
/// @param keep        saves that stay; one more exists while the oldest is replaced
record Room(long resultBytes, boolean keepBest, long saveBytes, long made, int keep) {
    /// More than any disk holds.
    private static final long MANY_BYTES = 1L << 60;

    static Room of(Trainable model, TrainSettings settings, boolean keepBest, int totalSteps) {
        // Parameters and their moments; an adapter's save holds the adapter ready to use as well.
        long save = Forecast.bytes(settings.optimizer().state(model.trained()))
                + (settings.lora() == null ? 0 : model.resultBytes());
        return new Room(model.resultBytes(), keepBest, save, settings.saveEvery().most(totalSteps), settings.keep());
    }

    /// The most that is on the disk at one time: at the end, when the result and the save of the last step come beside
    /// the saves that stay, and the best model. As much is there whenever a new best model is about to replace the last.
    long bytes() {
        return (keepBest ? 2 : 1) * resultBytes + (saves() > MANY_BYTES / saveBytes ? MANY_BYTES : saves() * saveBytes);
    }

    private long saves() {
        return Math.min(made, keep + 1L);
    }

    /// @param out      of the run; its own saves and best model that are there already count as room
    /// @param existing how many those are
    /// @throws IOException if it does not fit: with what it needs, what there is, and the settings that would make it fit
    void check(Path out, int existing) throws IOException {
        Path place = out.toAbsolutePath().normalize();
        while (!Files.exists(place)) {
            place = place.getParent();
        }
        long best = Files.exists(RunDirectory.best(out)) ? resultBytes : 0;
        check(out, Files.getFileStore(place).getUsableSpace() + existing * saveBytes + best);
    }

    void check(Path out, long usableBytes) throws IOException {
        if (bytes() <= usableBytes) {
            return;
        }
        List<String> remedies = new ArrayList<>(List.of("free some", "choose another `out`"));
        advise("`keep 1`", new Room(resultBytes, keepBest, saveBytes, made, 1), usableBytes, remedies);
        advise("`saveEvery 0`", new Room(resultBytes, keepBest, saveBytes, 0, keep), usableBytes, remedies);
        advise("no `keepBest`", new Room(resultBytes, false, saveBytes, made, keep), usableBytes, remedies);
        throw new IOException(out + ": the run needs " + text(bytes()) + " on this disk (the result "
                + text(resultBytes) + (keepBest ? ", the best model as much" : "") + ", a save " + text(saveBytes)
                + ", up to " + saves() + " of them at a time), and it has " + text(usableBytes) + "; "
                + String.join(", or ", remedies));
    }

    private void advise(String option, Room smaller, long usableBytes, List<String> remedies) {
        if (smaller.bytes() < bytes() && smaller.bytes() <= usableBytes) {
            remedies.add(option + " (" + text(smaller.bytes()) + ")");
        }
    }

    private static String text(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }
}
