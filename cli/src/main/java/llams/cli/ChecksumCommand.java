package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.model.files.Checksums;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams checksum`: the hashes of a model's files.
@Command(
        name = "checksum",
        description = {"Write the hashes of a model's files, or compare them.",
                "Writes the SHA-256 of each file of a model or an adapter into checksums.sha256 among them, which"
                        + " 'sha256sum -c' reads too. README.md is left out, so that it can be edited."},
        footer = {"", "Examples:", "  llams checksum tuned", "  llams checksum tuned --verify"})
final class ChecksumCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Parameters(paramLabel = "DIR", description = "The directory of a model or an adapter.")
    Path directory;

    @Option(names = "--verify", description = "Compare the files with checksums.sha256 instead.")
    boolean verify;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        try (ByteMeter progress = new ByteMeter(console.err, "hashing")) {
            return verify ? print(Checksums.verify(directory, progress)) : print(Checksums.write(directory, progress));
        }
    }

    private int print(Map<String, String> hashes) {
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            hashes.forEach(object.putObject("files")::put);
            console.out.println(object);
        } else {
            console.out.println(directory.resolve(Checksums.FILE) + ": " + hashes.size() + " files");
        }
        return Console.DONE;
    }

    private int print(Checksums.Report report) {
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            report.whole().forEach(object.putArray("whole")::add);
            report.damaged().forEach(object.putArray("damaged")::add);
            report.missing().forEach(object.putArray("missing")::add);
            report.unlisted().forEach(object.putArray("unlisted")::add);
            console.out.println(object);
        } else {
            report.damaged().forEach(name -> console.out.println("damaged: " + directory.resolve(name)));
            report.missing().forEach(name -> console.out.println("missing: " + directory.resolve(name)));
            report.unlisted().forEach(name -> console.out.println("not listed: " + directory.resolve(name)));
            console.out.println(directory + ": " + report.whole().size() + " files are whole");
        }
        if (!report.isGood()) {
            int bad = report.damaged().size() + report.missing().size();
            console.err.println("llams: " + directory + ": " + bad + (bad == 1 ? " file is" : " files are")
                    + " damaged or missing");
        }
        return report.isGood() ? Console.DONE : Console.FAILED;
    }
}
