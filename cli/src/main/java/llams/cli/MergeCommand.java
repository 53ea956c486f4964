package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.model.files.ByteProgress;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.model.merge.MergeException;
import llams.model.merge.MergeReport;
import llams.model.merge.ModelMerge;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.MergeConfigFile;
import llams.model.merge.config.Setting;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams merge`: new models from the weights of others.
@Command(
        name = "merge",
        description = {"Make a model from the weights of others.",
                "With --config, follow a YAML file in mergekit's form; docs/MERGING.md describes it."},
        footer = {"", "Example:", "  llams merge --config merge.yaml --out merged"},
        subcommands = {MergeCommand.ChatVectorCommand.class, MergeCommand.AdapterCommand.class,
                MergeMethods.LinearCommand.class, MergeMethods.SlerpCommand.class, MergeMethods.TiesCommand.class,
                MergeMethods.DareCommand.class, ExtractCommand.class, LearnCommand.class})
final class MergeCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "The merge as a YAML file in mergekit's form.")
    Path config;

    @Option(names = "--out", paramLabel = "DIR", description = "With --config: a new directory for the result.")
    Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        if (config == null) {
            throw new ParameterException(spec.commandLine(),
                    "which merge? chat-vector, adapter, linear, slerp, ties, dare, extract or learn; or --config FILE");
        }
        if (out == null) {
            throw new ParameterException(spec.commandLine(), "--config needs --out, a new directory for the result");
        }
        return merge(MergeConfigFile.read(config), out, json);
    }

    int merge(MergeConfig merge, Path to, boolean asJson) throws IOException {
        return print(to, run(progress -> ModelMerge.merge(merge, to, progress)), asJson);
    }

    MergeReport chatVector(ChatVectorModels models, ChatVector.Options options) throws IOException {
        return run(progress -> ChatVector.merge(models.base, models.instruct, models.tuned, models.out, options,
                progress));
    }

    private interface Merge {
        MergeReport run(ByteProgress progress) throws IOException;
    }

    private MergeReport run(Merge merge) throws IOException {
        try (ByteMeter progress = new ByteMeter(console.err, "merging")) {
            return merge.run(progress);
        } catch (MergeException e) {
            // The error line has the first few.
            e.problems.stream().filter(problem -> !e.getMessage().contains(problem)).forEach(console.err::println);
            throw e;
        }
    }

    int print(Path out, MergeReport report, boolean json) {
        if (json) {
            console.out.println(json(out, report));
            return Console.DONE;
        }
        console.out.printf(Locale.ROOT, "%s: %d tensors merged, %d copied, %s%n", out, report.merged(), report.copied(),
                MachineMemory.text(report.bytes()));
        if (!report.files().isEmpty()) {
            console.out.println("also copied: " + String.join(", ", report.files()));
        }
        if (!report.vector().isEmpty()) {
            console.out.println("norm of the vector, absolute and relative to the base's weights:");
            report.vector()
                    .forEach(size -> console.out.printf(Locale.ROOT, "  %-24s %10.4g %9.3f%%%n", size.part(),
                            size.norm(), 100 * size.relative()));
        }
        report.notes().forEach(note -> console.out.println("note: " + note));
        return Console.DONE;
    }

    static ObjectNode json(Path out, MergeReport report) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("out", out.toString())
                .put("merged", report.merged())
                .put("copied", report.copied())
                .put("bytes", report.bytes());
        report.files().forEach(object.putArray("files")::add);
        if (!report.vector().isEmpty()) {
            ArrayNode vector = object.putArray("vector");
            report.vector()
                    .forEach(size -> vector.addObject()
                            .put("part", size.part())
                            .put("norm", size.norm())
                            .put("relative", Double.isNaN(size.relative()) ? null : size.relative()));
        }
        report.notes().forEach(object.putArray("notes")::add);
        return object;
    }

    /// `llams merge chat-vector`
    @Command(
            name = "chat-vector",
            description = {
                    "Give a tuned base model the abilities of an instruct model: tuned + scale * (instruct - base).",
                    "All three must have the same shape. Tokenizer, chat template and stop ids come from the"
                            + " instruct model; the weights keep the types of the tuned one. Prints the size of the vector"
                            + " in each layer, and anything that looks like a mistake."},
            footer = {"", "Example:",
                    "  llams merge chat-vector --base 8b --instruct 8b-instruct --tuned ko --out new"})
    static final class ChatVectorCommand implements Callable<Integer> {
        @ParentCommand
        MergeCommand merge;

        @Spec
        CommandSpec spec;

        @Mixin
        ChatVectorModels models;

        @Option(
                names = "--scale",
                paramLabel = "S",
                defaultValue = "1.0",
                description = "Strength of the vector; lower it if the result answers in the wrong language"
                        + " (default: ${DEFAULT-VALUE}).")
        float scale;

        @Option(
                names = "--scale-for",
                paramLabel = "PATTERN=S",
                description = "Another strength for the tensors in whose names this regular expression is found; the"
                        + " first that is found counts. Repeatable.")
        List<String> scaleFor = List.of();

        @Option(
                names = "--vocabulary",
                paramLabel = "HOW",
                defaultValue = "strict",
                description = "If the vocabularies differ: strict refuses, skip keeps the tuned model's embedding and"
                        + " head, partial merges the rows that all three have (default: ${DEFAULT-VALUE}).")
        ChatVector.Vocabulary vocabulary;

        @Option(
                names = "--special-tokens",
                description = "Take the rows of the chat format's tokens (128006, 128007, 128009) from the instruct"
                        + " model.")
        boolean specialTokens;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Override
        public Integer call() throws IOException {
            if (!Float.isFinite(scale)) {
                throw new ParameterException(spec.commandLine(), "--scale must be a number, not " + scale);
            }
            ChatVector.Options options = new ChatVector.Options(scales(), vocabulary,
                    specialTokens ? ChatVector.LLAMA3_SPECIAL_TOKENS : Map.of());
            return merge.print(models.out, merge.chatVector(models, options), json);
        }

        private Setting scales() {
            List<Setting.Case> cases = new ArrayList<>();
            for (String given : scaleFor) {
                int equals = given.lastIndexOf('=');
                try {
                    cases.add(Setting.Case.of(given.substring(0, equals),
                            new Setting.Constant(Float.parseFloat(given.substring(equals + 1)))));
                } catch (NumberFormatException | IndexOutOfBoundsException e) {
                    throw new ParameterException(spec.commandLine(),
                            "--scale-for must be PATTERN=NUMBER, as in 'mlp=0.5', not '" + given + "'", e);
                } catch (IllegalArgumentException e) {
                    throw new ParameterException(spec.commandLine(), "--scale-for: " + e.getMessage(), e);
                }
            }
            cases.add(Setting.Case.of(null, new Setting.Constant(scale)));
            return new Setting.Filtered(cases);
        }
    }

    /// `llams merge adapter`
    @Command(
            name = "adapter",
            description = {"Fold a LoRA adapter into the weights of its model.",
                    "The adapter may come from PEFT, with a different rank and scale for each module."},
            footer = {"", "Example:", "  llams merge adapter --base model --adapter tuned --out model-tuned"})
    static final class AdapterCommand implements Callable<Integer> {
        @ParentCommand
        MergeCommand merge;

        @Option(
                names = "--base",
                paramLabel = "DIR",
                required = true,
                description = "Required: the adapter's base model.")
        Path base;

        @Option(names = "--adapter", paramLabel = "DIR", required = true, description = "Required: the adapter.")
        Path adapter;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Required: a new directory for the result.")
        Path out;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Override
        public Integer call() throws IOException {
            return merge.print(out, merge.run(progress -> AdapterMerge.merge(base, adapter, out, progress)), json);
        }
    }
}
