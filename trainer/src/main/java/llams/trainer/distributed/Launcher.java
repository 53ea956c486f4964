package llams.trainer.distributed;

import java.util.Map;

/// What starts the workers of a run and carries their messages. Found as a service: a module that provides one needs no
/// mention here.
public interface Launcher {
    /// As given to `--distributed`.
    String name();

    /// Whether this process was started by it, as one of several or as the only one.
    ///
    /// @param environment of the process
    boolean hasStarted(Map<String, String> environment);

    /// How many processes it started with this one, as far as the environment tells; else 0.
    int processes(Map<String, String> environment);

    /// Connects this process with the others.
    ///
    /// @throws IllegalStateException if its library cannot be used here: says why and what would help
    Messages connect();
}
