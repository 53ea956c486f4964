package llams.model.card;

import java.util.Objects;

/// The version that the build wrote into the module and, for a start from a class path, into the jar's manifest.
public final class ProgramVersion {
    private ProgramVersion() {}

    /// The version of the part of the program that a class belongs to; `(unpackaged)` if it comes from no jar.
    public static String of(Class<?> part) {
        Module module = part.getModule();
        String packaged = module.isNamed()
                ? module.getDescriptor().rawVersion().orElse(null)
                : part.getPackage().getImplementationVersion();
        return Objects.requireNonNullElse(packaged, "(unpackaged)");
    }
}
