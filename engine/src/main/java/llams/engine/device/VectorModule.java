package llams.engine.device;

import java.util.Optional;

/// Java's vector module, which a program on the class path only has if it was asked for when Java started.
public final class VectorModule {
    private VectorModule() {}

    /// What to do if it is missing; empty if it is there.
    public static Optional<String> missing() {
        try {
            Class.forName("jdk.incubator.vector.FloatVector", false, VectorModule.class.getClassLoader());
            return Optional.empty();
        } catch (ClassNotFoundException e) {
            return Optional.of("Java's vector module; start java with --add-modules=jdk.incubator.vector");
        }
    }

    /// To be called ahead of the first class that is compiled against the module.
    ///
    /// @param who what needs it, as `merging needs`
    /// @throws IllegalStateException if it is missing: says what to do
    public static void require(String who) {
        missing().ifPresent(what -> {
            throw new IllegalStateException(who + " " + what);
        });
    }
}
