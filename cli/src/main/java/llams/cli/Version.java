package llams.cli;

import picocli.CommandLine.IVersionProvider;

/// The version that the build wrote into the module.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Main.class.getModule().getDescriptor().rawVersion().orElse("(unpackaged)");
        return new String[] {"llams " + version + ", Java " + Runtime.version()};
    }
}
