package llams.model.http;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;

/// A server that asks for a later attempt.
public final class BusyException extends IOException {
    private static final long serialVersionUID = 1;

    /// The least wait; zero if the server does not say.
    public final transient Duration wait;

    /// @param said what the server says besides its status; may be empty
    public BusyException(int status, HttpHeaders headers, String said) {
        this(status, wait(headers.firstValue("Retry-After").orElse("")), said);
    }

    private BusyException(int status, Duration wait, String said) {
        super("the server answers " + status + (said.isEmpty() ? "" : " (" + said + ")")
                + (wait.isZero() ? "" : " and asks to wait " + wait.toSeconds() + " s"));
        this.wait = wait;
    }

    /// Whether a status means that the same request may be granted later.
    public static boolean is(int status) {
        return status == 408 || status == 429 || status >= 500;
    }

    /// Seconds or a date; zero for anything else.
    private static Duration wait(String retryAfter) {
        if (retryAfter.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(retryAfter));
        }
        try {
            Duration wait = Duration.between(Instant.now(),
                    DateTimeFormatter.RFC_1123_DATE_TIME.parse(retryAfter, Instant::from));
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeException e) {
            return Duration.ZERO;
        }
    }
}
