package llams.model.merge.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.model.files.DataException;
import llams.model.merge.config.MergeConfig.Source;

/// The rules that every merge must satisfy.
final class MergeRules {
    private MergeRules() {}

    /// @throws DataException if a model or a parameter is missing, there is one too many, or a number is not possible
    static void check(Method method, Path base, List<Source> models, Map<String, Setting> parameters) {
        Set<Path> seen = new HashSet<>();
        for (Source model : models) {
            if (!seen.add(place(model.path()))) {
                throw new DataException("the model " + model.path() + " is given twice");
            }
        }
        boolean baseGiven = base != null && seen.contains(place(base));
        switch (method) {
            case LINEAR -> {
                need(models.size() >= 2, method, "at least two models", models);
                if (base != null && !baseGiven) {
                    throw new DataException("linear computes with its models alone, and the base model " + base
                            + " is none of them; add it to them, or leave it out");
                }
            }
            case SLERP, TASK_ARITHMETIC, TIES, DARE_LINEAR, DARE_TIES, CHAT_VECTOR -> {
                if (base == null) {
                    throw new DataException(method.spelling() + " needs a base model: "
                            + (method == Method.SLERP
                                    ? "the one at t = 0"
                                    : "the one that the others' differences are taken from"));
                }
                if (baseGiven) {
                    throw new DataException("the base model " + base + " cannot be one of the models too");
                }
                switch (method) {
                    case SLERP -> need(models.size() == 1, method, "one model beside the base model", models);
                    case CHAT_VECTOR -> need(models.size() == 2, method, "a tuned and an instruct model", models);
                    case LINEAR, TASK_ARITHMETIC, TIES, DARE_LINEAR, DARE_TIES ->
                        need(!models.isEmpty(), method, "at least one model beside the base model", models);
                }
            }
        }
        checkParameters(method, models, parameters);
    }

    /// The same for two spellings of a path.
    static Path place(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private static void need(boolean holds, Method method, String what, List<Source> models) {
        if (!holds) {
            throw new DataException(method.spelling() + " needs " + what + ", not " + models.size());
        }
    }

    private static void checkParameters(Method method, List<Source> models, Map<String, Setting> parameters) {
        parameters.forEach((name, setting) -> setting.numbers().forEach(number -> range(name, number)));
        for (Source model : models) {
            model.parameters().forEach((name, setting) -> setting.numbers().forEach(number -> range(name, number)));
        }
        if (method == Method.SLERP && !parameters.containsKey("t")) {
            throw new DataException("slerp needs t: 0 is the base model, 1 the other");
        }
        for (Source model : models) {
            boolean weighted = method.parameters.contains("weight");
            if (weighted && !model.parameters().containsKey("weight") && !parameters.containsKey("weight")) {
                throw new DataException("the model " + model.path() + " needs a weight");
            }
        }
    }

    private static void range(String name, double number) {
        switch (name) {
            case "density" -> {
                if (!(number > 0 && number <= 1)) {
                    throw new DataException("density " + number + " is not possible; it is the share of the"
                            + " differences that is kept, above 0 and up to 1");
                }
            }
            case "t" -> {
                if (!(number >= 0 && number <= 1)) {
                    throw new DataException("t " + number + " is not possible; 0 is the base model, 1 the other");
                }
            }
            default -> {
                if (!Float.isFinite((float) number)) {
                    throw new DataException(name + " " + number + " is not possible; it must be a number");
                }
            }
        }
    }
}
