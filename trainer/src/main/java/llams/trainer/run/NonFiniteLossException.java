package llams.trainer.run;

import java.nio.file.Path;
import java.util.List;

/// A step's loss or gradient was infinite or NaN: then the step has updated nothing. Or its update produced such
/// numbers: then they are not saved.
public final class NonFiniteLossException extends IllegalStateException {
    /// In place of a micro-batch's number: all of the step.
    static final int EVERY_BATCH = -1;
    /// Further documents are counted, not named.
    private static final int NAMED = 8;
    private static final String REMEDY = "; lower `learningRate`, raise `warmup`, or look for damaged weights or data";
    private static final long serialVersionUID = 1;

    /// Number of the step, from 0.
    public final int step;
    /// The micro-batch whose loss it was, or [#EVERY_BATCH].
    final int batch;
    private final String found;

    private NonFiniteLossException(int step, int batch, String found, String rest, Throwable cause) {
        super(found + rest, cause);
        this.step = step;
        this.batch = batch;
        this.found = found;
    }

    /// The loss of a micro-batch was not finite.
    static NonFiniteLossException loss(int step, int batch, double loss) {
        return new NonFiniteLossException(step, batch, "step " + step + ": loss is " + loss, REMEDY, null);
    }

    /// The losses were finite, but the norm of all gradients was not.
    static NonFiniteLossException gradient(int step, double loss, double norm) {
        return new NonFiniteLossException(step, EVERY_BATCH,
                "step " + step + ": loss is " + loss + " and the gradient's norm " + norm, REMEDY, null);
    }

    /// The update made numbers of a parameter, or of one of its moments, that are not finite.
    ///
    /// @param lastSave null if there is none
    static NonFiniteLossException parameter(int step, String name, long count, long elements, Path lastSave) {
        String found = "step " + step + ": after the update " + count + " of the " + elements + " numbers of \"" + name
                + "\" are infinite or NaN";
        return new NonFiniteLossException(step, EVERY_BATCH, found, REMEDY + "; " + before(lastSave), null);
    }

    /// The update left a model whose loss on held-out data is not finite.
    ///
    /// @param lastSave null if there is none
    static NonFiniteLossException heldOut(int step, double loss, Path lastSave) {
        return new NonFiniteLossException(step, EVERY_BATCH, "step " + step + ": the held-out loss is " + loss,
                REMEDY + "; " + before(lastSave), null);
    }

    private static String before(Path lastSave) {
        return lastSave == null ? "nothing was saved before" : "the last good save is " + lastSave;
    }

    /// The same in a run that knows what it trained on, and saves.
    ///
    /// @param documents what the micro-batches at fault hold, each as `file:line`
    /// @param lastSave  null if there is none
    NonFiniteLossException in(List<String> documents, Path lastSave) {
        String named = String.join(", ", documents.subList(0, Math.min(NAMED, documents.size())));
        return new NonFiniteLossException(step, batch, found,
                ", with documents " + named
                        + (documents.size() > NAMED ? " and " + (documents.size() - NAMED) + " more" : "") + REMEDY
                        + "; " + before(lastSave),
                this);
    }
}
