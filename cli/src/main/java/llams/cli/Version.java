package llams.cli;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/// The version that the build wrote into the module and, for a start from a class path, into the jar's manifest.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        Module module = Console.class.getModule();
        String packaged = module.isNamed()
                ? module.getDescriptor().rawVersion().orElse(null)
                : Console.class.getPackage().getImplementationVersion();
        String version = Objects.requireNonNullElse(packaged, "(unpackaged)");
        return new String[] {"llams " + version + ", Java " + Runtime.version()};
    }
}
