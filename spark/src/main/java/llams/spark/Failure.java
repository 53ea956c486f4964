package llams.spark;

import java.io.IOException;
import llams.model.files.DataException;

/// A failure in one line. What a task has thrown comes wrapped, with its stack traces in Spark's message.
final class Failure {
    private Failure() {}

    static String line(Throwable failure) {
        Throwable deepest = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DataException || cause instanceof IOException) {
                return firstLine(cause);
            }
            deepest = cause;
        }
        return deepest.getClass().getSimpleName() + ": " + firstLine(deepest);
    }

    private static String firstLine(Throwable failure) {
        return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    }
}
