package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import llams.engine.io.Json;
import llams.model.card.ModelLicence;
import llams.model.files.ModelFiles;
import llams.model.hub.HubModel;
import llams.model.hub.HubToken;
import llams.model.hub.HubUpload;
import llams.model.hub.UploadFile;
import llams.model.lora.AdapterFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams upload`: a model or an adapter to a hub.
@Command(
        name = "upload",
        description = {"Upload a model or an adapter to the Hugging Face hub.",
                "Sends weights, tokenizer, configuration, card and licence in one commit. A repository that does not"
                        + " exist is made, and is private. What the hub has is not sent again; after an interruption,"
                        + " the same command resumes. Needs a token that allows writing."},
        footer = {"",
                "The token is taken from --token, HF_TOKEN, the file that HF_TOKEN_PATH names, or the file"
                        + " token in HF_HOME (usually ~/.cache/huggingface). https_proxy, http_proxy, all_proxy and"
                        + " no_proxy are honoured.",
                "", "Examples:", "  llams upload tuned me/Llama-3-8B-Korean --dry-run",
                "  llams upload tuned me/Llama-3-8B-Korean",
                "  llams upload adapter me/Llama-3-8B-LoRA --message 'Second epoch'"})
final class UploadCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "DIR", description = "The directory of a model or an adapter.")
    Path directory;

    @Parameters(index = "1", paramLabel = "REPO", description = "The model on the hub: OWNER/NAME.")
    String repo;

    @Option(names = "--public", description = "If the repository has to be made, let everyone see it.")
    boolean isPublic;

    @Option(
            names = "--include",
            paramLabel = "GLOB",
            description = "Upload only files whose path in the directory matches, of any kind; may be repeated. *"
                    + " matches any text, including /.")
    List<String> include = List.of();

    @Option(
            names = "--message",
            paramLabel = "TEXT",
            defaultValue = "Upload with LLaMS",
            description = "The commit's message (default: ${DEFAULT-VALUE}).")
    String message;

    @Option(
            names = "--revision",
            paramLabel = "R",
            defaultValue = "main",
            description = "An existing branch (default: ${DEFAULT-VALUE}).")
    String revision;

    @Mixin
    HubOptions hub;

    @Option(names = "--dry-run", description = "List what would be sent, and change nothing.")
    boolean dryRun;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        HubModel model;
        HubToken token;
        try {
            model = new HubModel(hub.endpoint(), repo, revision);
            token = hub.tokenOrNull();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()), e);
        }
        if (message.isBlank()) {
            throw new ParameterException(spec.commandLine(), "--message must not be empty");
        }
        if (!dryRun) {
            HubUpload.check(model, token);
        }
        List<UploadFile> files;
        try (TransferMeter hashing = new TransferMeter(console.err, "hashing")) {
            files = UploadFile.in(directory, include, hashing);
        }
        HubUpload.Options options = new HubUpload.Options(!isPublic, message);
        HubUpload.Report report;
        try (TransferMeter sending = new TransferMeter(console.err, "uploading")) {
            report = dryRun
                    ? HubUpload.plan(files, model, token, options, sending)
                    : HubUpload.run(files, model, token, options, sending);
        }
        noteForOthers(model);
        if (json) {
            print(report);
        } else {
            say(report, token != null);
        }
        return Console.DONE;
    }

    /// What others would miss, or the licence asks for.
    private void noteForOthers(HubModel model) throws IOException {
        Path adapter = directory.resolve(AdapterFiles.CONFIG);
        String base = Files.exists(adapter)
                ? Json.readObject(adapter).path("base_model_name_or_path").asString("")
                : "";
        if (base.startsWith("/") || base.matches("[A-Za-z]:[/\\\\].*")) {
            console.note(adapter + " names the base model by its place on this machine, " + base
                    + "; others need its name on a hub there");
        }
        Path card = directory.resolve(ModelFiles.CARD);
        if (!Files.exists(card)) {
            console.note(directory + " has no " + ModelFiles.CARD + ": the model's page will be empty");
            return;
        }
        Optional<String> name = ModelLicence.ofCard(card).nameBegins();
        if (name.isPresent() && !model.name().replace('-', ' ').startsWith(name.get())) {
            console.note("the licence of the base model asks that the name of a model made from it begins with \""
                    + name.get() + "\", and this one is called " + model.name());
        }
    }

    private void say(HubUpload.Report report, boolean asked) {
        if (dryRun) {
            for (HubUpload.Item item : report.items()) {
                console.out.printf(Locale.ROOT, "%-4s %9s  %s%n", item.isNew() ? "new" : "same",
                        MachineMemory.text(item.bytes()), item.path());
            }
        }
        report.ignored().forEach(path -> console.note("the repository's .gitignore leaves out " + path));
        long files = report.items().stream().filter(HubUpload.Item::isNew).count();
        String count = files + (files == 1 ? " file, " : " files, ") + MachineMemory.text(report.newBytes());
        if (!dryRun) {
            console.out.println(report.page() + ": " + (files == 0 ? "has all of this already" : count + " uploaded")
                    + ", commit " + report.commit());
        } else if (!asked) {
            console.out.println(report.page() + ": " + count + "; without a token, the hub was not asked what it has");
        } else {
            console.out.println(report.page() + ": " + count + " would be sent"
                    + (report.creates() ? ", to a new " + (isPublic ? "public" : "private") + " repository" : ""));
        }
    }

    private void print(HubUpload.Report report) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("page", report.page())
                .put("commit", report.commit())
                .put("creates", report.creates())
                .put("bytes", report.bytes())
                .put("newBytes", report.newBytes());
        ArrayNode files = object.putArray("files");
        for (HubUpload.Item item : report.items()) {
            files.addObject()
                    .put("path", item.path())
                    .put("bytes", item.bytes())
                    .put("sha256", item.sha256())
                    .put("new", item.isNew());
        }
        report.ignored().forEach(object.putArray("ignored")::add);
        console.out.println(object);
    }
}
