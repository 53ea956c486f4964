package llams.cli;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/// The version that the build wrote into the module and, for a start from a class path, into the jar's manifest.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"llams " + ofProgram() + ", Java " + Runtime.version()};
    }

    static String ofProgram() {
        Module module = Console.class.getModule();
        String packaged = module.isNamed()
                ? module.getDescriptor().rawVersion().orElse(null)
                : Console.class.getPackage().getImplementationVersion();
        return Objects.requireNonNullElse(packaged, "(unpackaged)");
    }
}
