package llams.trainer.distributed;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/// Finds what launched this process.
public final class Launchers {
    private Launchers() {}

    /// All launchers that this program was built or started with.
    public static List<Launcher> all() {
        return ServiceLoader.load(Launcher.class).stream().map(ServiceLoader.Provider::get).toList();
    }

    /// The one that started this process; empty if none did.
    public static Optional<Launcher> here(Map<String, String> environment) {
        return all().stream().filter(launcher -> launcher.hasStarted(environment)).findAny();
    }

    /// Connects this process with the other workers of its run.
    ///
    /// @param silence how long a worker may not be heard of
    /// @param call    how long one message to or from another may take
    /// @param lost    hears from another thread that the run cannot go on, and why; to end the process
    public static Collective connect(Launcher launcher, Duration silence, Duration call, Consumer<String> lost) {
        return new TreeCollective(WatchedMessages.of(launcher.connect(), silence, call, lost));
    }
}
