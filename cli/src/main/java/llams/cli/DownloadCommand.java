package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.model.hub.HubDownload;
import llams.model.hub.HubModel;
import llams.model.hub.HubToken;
import llams.model.hub.HubVerification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams download`: a model from a hub.
@Command(
        name = "download",
        description = {"Download a model from the Hugging Face hub.",
                "Fetches safetensors weights, tokenizer, configuration and licence, and checks the size and"
                        + " hash of each file. After an interruption, the same command resumes. For a gated model,"
                        + " accept its licence on its page and pass your account's token."},
        footer = {"",
                "The token is taken from --token, HF_TOKEN, the file that HF_TOKEN_PATH names, or the file"
                        + " token in HF_HOME (usually ~/.cache/huggingface). https_proxy, http_proxy, all_proxy and"
                        + " no_proxy are honoured.",
                "", "Examples:", "  llams download meta-llama/Llama-3.2-1B",
                "  llams download meta-llama/Llama-3.1-8B-Instruct --to models/chat-8b",
                "  llams download meta-llama/Llama-3.2-1B --to tokenizer --include 'tok*'",
                "  llams download meta-llama/Llama-3.2-1B --verify"})
final class DownloadCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "REPO", description = "The model on the hub: OWNER/NAME.")
    String repo;

    @Option(
            names = "--to",
            paramLabel = "DIR",
            description = "A new directory, or that of an earlier download (default: the model's name, in the current"
                    + " directory).")
    Path to;

    @Option(
            names = "--revision",
            paramLabel = "R",
            defaultValue = "main",
            description = "Branch, tag or commit (default: ${DEFAULT-VALUE}).")
    String revision;

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description = "Download only files whose path in the repository matches, of any kind; may be repeated. *"
                    + " matches any text, including /.")
    List<String> include = List.of();

    @Mixin
    HubOptions hub;

    @Option(
            names = "--verify",
            description = "Instead of downloading, check the files of an earlier download against the hashes that the"
                    + " hub gave then.")
    boolean verify;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        HubModel model;
        HubToken asking;
        try {
            model = new HubModel(hub.endpoint(), repo, revision);
            asking = hub.tokenOrNull();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()), e);
        }
        Path directory = to == null ? Path.of(model.name()) : to;
        if (verify) {
            HubVerification.Report report;
            try (TransferMeter shown = new TransferMeter(console.err, "verifying")) {
                report = HubVerification.run(repo, directory, shown);
            }
            print(report);
            return report.isGood() ? Console.DONE : Console.FAILED;
        }
        HubDownload.Report report;
        try (TransferMeter shown = new TransferMeter(console.err, "downloading")) {
            report = HubDownload.run(model, asking, include, directory, shown);
        }
        print(report);
        return Console.DONE;
    }

    private void print(HubVerification.Report report) {
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("to", report.directory().toString()).put("repo", repo).put("commit", report.commit());
            report.whole().forEach(object.putArray("whole")::add);
            report.unhashed().forEach(object.putArray("unhashed")::add);
            report.damaged().forEach(object.putArray("damaged")::add);
            report.missing().forEach(object.putArray("missing")::add);
            console.out.println(object);
            return;
        }
        report.damaged().forEach(name -> console.out.println("damaged: " + report.directory().resolve(name)));
        report.missing().forEach(name -> console.out.println("missing: " + report.directory().resolve(name)));
        String unhashed = report.unhashed().isEmpty()
                ? ""
                : "; the hub gave no hash for " + String.join(", ", report.unhashed()) + ", whose sizes match";
        console.out.printf("%s: %d files are as the hub had them at commit %s%s%n", report.directory(),
                report.whole().size(), report.commit(), unhashed);
        if (!report.isGood()) {
            console.err.println("llams: " + report.directory() + ": "
                    + (report.damaged().size() + report.missing().size())
                    + " files are damaged or missing; download them again with '"
                    + Shell.command("download", repo, "--to", report.directory(), "--revision", report.commit()) + "'");
        }
    }

    private void print(HubDownload.Report report) throws IOException {
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("to", report.directory().toString())
                    .put("repo", report.repo())
                    .put("commit", report.commit())
                    .put("bytes", report.bytes())
                    .put("downloadedBytes", report.downloadedBytes());
            report.downloaded().forEach(object.putArray("downloaded")::add);
            report.present().forEach(object.putArray("present")::add);
            console.out.println(object);
            return;
        }
        console.out.printf(Locale.ROOT, "%s: %s at commit %s, %d files, %s%s%n", report.directory(), report.repo(),
                report.commit(), report.downloaded().size() + report.present().size(),
                MachineMemory.text(report.bytes()),
                report.present().isEmpty() ? "" : " (" + report.present().size() + " already present)");
        if (Files.exists(report.directory().resolve("config.json"))) {
            console.out.println("next: " + Shell.command("info", report.directory()));
            console.out.println("      " + (hasChatTemplate(report.directory())
                    ? Shell.command("chat", "-m", report.directory())
                    : Shell.command("generate", "-m", report.directory(), "-p", "TEXT")));
        }
    }

    private static boolean hasChatTemplate(Path model) throws IOException {
        Path config = model.resolve("tokenizer_config.json");
        return Files.exists(model.resolve("chat_template.jinja"))
                || Files.exists(config) && Files.readString(config).contains("\"chat_template\"");
    }
}
