package llams.engine.device;

/// How a session works. What it computes does not depend on it.
///
/// @param threads CPU threads; a device takes at most one a core
public record Options(int threads) {
    /// @throws IllegalArgumentException if `threads` is less than 1
    public Options {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
    }

    /// A thread on every core.
    public static Options standard() {
        return new Options(Runtime.getRuntime().availableProcessors());
    }
}
