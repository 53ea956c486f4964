package llams.model.merge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;

/// What the cards of merged models say.
final class MergeCards {
    private static final String ROUNDED = " Computed in F32 and rounded once.";

    private MergeCards() {}

    static ModelCard ofChatVector(Path base, Path instruct, Path tuned, ChatVector.Options options) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        put(facts, "scale", options.scale());
        facts.put("vocabulary", options.vocabulary().name().toLowerCase(Locale.ROOT));
        if (!options.specialTokens().isEmpty()) {
            facts.put("rows taken from instruct", options.specialTokens().keySet().toString());
        }
        return ModelCard.of(ModelCard.Kind.MERGED, "chat-vector",
                "A chat vector ([arXiv 2310.04799](https://arxiv.org/abs/2310.04799)) is added to a tuned model: tuned +"
                        + " scale × (instruct − base)." + ROUNDED,
                Parent.of("tuned", tuned), Parent.of("instruct", instruct), Parent.of("base", base))
                .with("Merge", facts);
    }

    static ModelCard of(MergeConfig config) throws IOException {
        List<Parent> parents = new ArrayList<>();
        if (config.base() != null) {
            parents.add(Parent.of("base", config.base()));
        }
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("method", config.method().spelling());
        new TreeMap<>(config.parameters()).forEach((name, setting) -> put(facts, name, setting));
        for (MergeConfig.Source model : config.models()) {
            Parent parent = Parent.of("model " + (parents.size() + (config.base() == null ? 1 : 0)), model.path());
            parents.add(parent);
            new TreeMap<>(model.parameters())
                    .forEach((name, setting) -> put(facts, name + " of " + parent.role(), setting));
        }
        if (config.method().parameters.contains("normalize")) {
            facts.put("normalize", String.valueOf(config.normalize()));
        }
        if (config.method() == Method.DARE_LINEAR || config.method() == Method.DARE_TIES) {
            facts.put("seed", String.valueOf(config.seed()));
        }
        if (config.dtype() != null) {
            facts.put("dtype", config.dtype().name());
        }
        return new ModelCard(ModelCard.Kind.MERGED, List.of("merge"), "Models of one shape are merged." + ROUNDED,
                parents, Map.of("Merge", facts));
    }

    /// One number, a list from the first layer to the last, or one of these for each pattern of names.
    private static void put(Map<String, String> facts, String name, Setting setting) {
        switch (setting) {
            case Setting.Constant(double value) -> facts.put(name, String.valueOf((float) value));
            case Setting.Gradient(List<Double> numbers) -> facts.put(name, numbers.toString());
            case Setting.Filtered(List<Setting.Case> cases) -> {
                for (Setting.Case one : cases) {
                    put(facts, one.filter() == null ? name : name + " for `" + one.filter() + "`", one.value());
                }
            }
        }
    }
}
