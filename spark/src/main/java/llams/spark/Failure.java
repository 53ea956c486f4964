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
        // All that is left of an error that Spark has written to its log.
        if (deepest instanceof IllegalStateException && firstLine(deepest).contains("stopped SparkContext")) {
            return "Spark stopped the job: nothing answers at the address of --master, or it ended the job; Spark's"
                    + " messages above say why";
        }
        return deepest.getClass().getSimpleName() + ": " + firstLine(deepest);
    }

    private static String firstLine(Throwable failure) {
        return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    }
}
