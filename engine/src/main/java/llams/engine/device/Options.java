package llams.engine.device;

/// How a session works, which does not affect what it computes.
///
/// @param threads CPU threads; a device takes at most one per core
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
