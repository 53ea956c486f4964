package llams.model.merge.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import llams.engine.tensor.DType;

/// A merge as a file or a command line describes it.
///
/// @param base       the model that differences are taken from, or where `t` is 0; null for [Method#LINEAR], unless one
///                   of its models is to give config and tokenizer
/// @param models     without the base, except for [Method#LINEAR]; for [Method#CHAT_VECTOR] the tuned model and the
///                   instruct model
/// @param parameters that hold for all models
/// @param normalize  whether weights are divided by their sum
/// @param dtype      of the result; null keeps that of the base, or of the first model
/// @param tokenizer  the model whose tokenizer the result gets; null for the base's, or the first model's
/// @param seed       of what is dropped at random
public record MergeConfig(Method method, Path base, List<Source> models, Map<String, Setting> parameters,
        boolean normalize, DType dtype, Path tokenizer, long seed) {
    /// A model with what holds for it alone.
    public record Source(Path path, Map<String, Setting> parameters) {
        public Source {
            parameters = Map.copyOf(parameters);
        }
    }

    public MergeConfig {
        models = List.copyOf(models);
        parameters = Map.copyOf(parameters);
        MergeRules.check(method, base, models, parameters);
    }

    /// A merge with the method's own defaults.
    public static MergeConfig of(Method method, Path base, List<Source> models, Map<String, Setting> parameters) {
        return new MergeConfig(method, base, models, parameters, method.normalizes(), null, null, 0);
    }

    public MergeConfig withNormalize(boolean to) {
        return new MergeConfig(method, base, models, parameters, to, dtype, tokenizer, seed);
    }

    public MergeConfig withDtype(DType to) {
        return new MergeConfig(method, base, models, parameters, normalize, to, tokenizer, seed);
    }

    public MergeConfig withTokenizer(Path to) {
        return new MergeConfig(method, base, models, parameters, normalize, dtype, to, seed);
    }

    public MergeConfig withSeed(long to) {
        return new MergeConfig(method, base, models, parameters, normalize, dtype, tokenizer, to);
    }

    /// The models in the order of the calculation: the base first, where there is one.
    public List<Path> inputs() {
        LinkedHashMap<Path, Boolean> inputs = new LinkedHashMap<>();
        if (method != Method.LINEAR) {
            inputs.put(base, true);
        }
        models.forEach(model -> inputs.put(model.path, true));
        return List.copyOf(inputs.keySet());
    }

    /// The model whose config the result gets, one of [#inputs]: the base, or without one the first model.
    public Path reference() {
        for (Path input : inputs()) {
            if (base == null || MergeRules.place(input).equals(MergeRules.place(base))) {
                return input;
            }
        }
        throw new IllegalStateException("the base model " + base + " is not an input");
    }

    /// The value of a model's parameter for a tensor: the model's own, else the one for all, else `standard`.
    public double value(Source model, String parameter, String tensor, double depth, double standard) {
        OptionalDouble own = model.parameters.containsKey(parameter)
                ? model.parameters.get(parameter).at(tensor, depth)
                : OptionalDouble.empty();
        return own.orElseGet(() -> value(parameter, tensor, depth, standard));
    }

    /// The value of a parameter of all models for a tensor.
    public double value(String parameter, String tensor, double depth, double standard) {
        Setting setting = parameters.get(parameter);
        return setting == null ? standard : setting.at(tensor, depth).orElse(standard);
    }
}
