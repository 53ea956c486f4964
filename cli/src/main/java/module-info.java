/// The `llams` command line: every command parses, calls one library method, prints.
module llams.cli {
    requires llams.trainer;
    requires info.picocli;
    requires jdk.incubator.vector;
    requires jdk.management;
    requires me.tongfei.progressbar;
    requires org.snakeyaml.engine;
    requires org.tukaani.xz;
    requires tools.jackson.databind;

    uses llams.cli.Benchmarks;

    // picocli fills the annotated fields by reflection.
    opens llams.cli to info.picocli;
}
