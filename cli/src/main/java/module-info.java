/// The `llams` command line: every command parses, calls one library method, prints.
module llams.cli {
    requires llams.server;
    requires llams.trainer;
    requires info.picocli;
    requires jdk.incubator.vector;
    requires jdk.management;
    // What JLine catches signals with, by reflection.
    requires jdk.unsupported;
    requires me.tongfei.progressbar;
    requires org.jline.reader;
    requires org.jline.terminal;
    // How JLine sets a terminal up; without it, by calling programs such as stty.
    requires org.jline.terminal.ffm;
    // The program's choice of what becomes of a library's log: nothing.
    requires org.slf4j.nop;
    requires org.snakeyaml.engine;
    requires org.tukaani.xz;
    requires tools.jackson.databind;

    uses llams.trainer.measure.Benchmarks;

    // picocli fills the annotated fields by reflection.
    opens llams.cli to info.picocli;
}
