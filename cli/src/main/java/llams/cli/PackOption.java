package llams.cli;

import picocli.CommandLine.Option;

/// How documents become sequences.
final class PackOption {
    @Option(
            names = "--pack",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Documents share sequences (default); --no-pack: one document per sequence, cut to --tokens.")
    boolean pack;
}
