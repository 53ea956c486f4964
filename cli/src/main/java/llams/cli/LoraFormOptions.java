package llams.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import llams.model.lora.LoraForm;
import llams.model.lora.LoraRules;
import llams.model.lora.Modules;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What makes an adapter other than one that is the same in every block.
final class LoraFormOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(names = "--dora", description = "LoRA: train the length of each row of a weight by itself (DoRA).")
    boolean dora;

    @Option(
            names = "--target-pattern",
            paramLabel = "REGEX",
            description = "LoRA: instead of --targets, a regular expression for whole names, as in PEFT.")
    String targetPattern;

    @Option(
            names = "--lora-layers",
            paramLabel = "N",
            split = ",",
            description = "LoRA: only these layers, counted from 0 (default: all).")
    List<Integer> layers = List.of();

    @Option(
            names = "--rank-pattern",
            paramLabel = "NAME=R",
            split = ",",
            description = "LoRA: other ranks, by names or regular expressions as in PEFT, such as q_proj=4.")
    List<String> ranks = List.of();

    @Option(
            names = "--alpha-pattern",
            paramLabel = "NAME=A",
            split = ",",
            description = "LoRA: other strengths, likewise.")
    List<String> alphas = List.of();

    @Option(
            names = "--modules-to-save",
            paramLabel = "NAMES",
            split = ",",
            description = "LoRA: train embed, head or both as whole copies.")
    List<String> saved = List.of();

    @Option(
            names = "--ensure-weight-tying",
            description = "LoRA: a head that is the embedding follows what the adapter does to that.")
    boolean tying;

    /// The module that a target other than a projection names; null if it is none.
    static String end(String target) {
        return switch (target.strip()) {
            case "embed", "embed_tokens", Modules.EMBEDDING -> Modules.EMBEDDING;
            case "head", Modules.HEAD -> Modules.HEAD;
            default -> null;
        };
    }

    LoraRules rules(Set<String> ends) {
        Set<String> whole = new TreeSet<>();
        for (String name : saved) {
            if (end(name) == null) {
                throw wrong("--modules-to-save: there is no \"" + name + "\"; there are embed, head");
            }
            whole.add(end(name));
        }
        return new LoraRules(pairs("--rank-pattern", ranks, Integer::valueOf),
                pairs("--alpha-pattern", alphas, Double::valueOf), targetPattern, new TreeSet<>(layers), ends,
                new LoraForm(dora, whole, tying));
    }

    private <T extends Number> Map<String, T> pairs(String option, List<String> texts, Function<String, T> value) {
        Map<String, T> pairs = new LinkedHashMap<>();
        for (String text : texts) {
            int at = text.lastIndexOf('=');
            try {
                pairs.put(text.substring(0, Math.max(0, at)), value.apply(text.substring(at + 1).strip()));
            } catch (NumberFormatException e) {
                throw wrong(option + " needs NAME=NUMBER, not " + text);
            }
        }
        return pairs;
    }

    /// @throws ParameterException if an option is given that an adapter that is continued has by itself
    void leftOut(Path fromAdapter) {
        boolean isGiven = dora || targetPattern != null || tying
                || !List.of(layers, ranks, alphas, saved).stream().allMatch(List::isEmpty);
        if (isGiven) {
            throw wrong("--from-adapter " + fromAdapter + " has a form of its own; leave --dora, --target-pattern,"
                    + " --lora-layers, --rank-pattern, --alpha-pattern, --modules-to-save and --ensure-weight-tying"
                    + " out");
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
