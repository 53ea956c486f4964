/// The `llams` command line.
module llams.cli {
    requires llams.trainer;
    requires info.picocli;
}
