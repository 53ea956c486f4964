package llams.cli;

import llams.model.card.ProgramVersion;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints.
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"llams " + ofProgram() + ", Java " + Runtime.version()};
    }

    static String ofProgram() {
        return ProgramVersion.of(Console.class);
    }
}
