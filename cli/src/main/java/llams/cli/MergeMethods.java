package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.engine.tensor.DType;
import llams.model.files.DataException;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams merge linear | slerp | ties | dare`: what `llams merge --config` does, for merges that need no file.
final class MergeMethods {
    private MergeMethods() {}

    enum Type {
        f32(DType.F32), bf16(DType.BF16), f16(DType.F16);

        final DType dtype;

        Type(DType dtype) {
            this.dtype = dtype;
        }
    }

    /// The options of all of them.
    abstract static class MethodCommand implements Callable<Integer> {
        @ParentCommand
        MergeCommand merge;

        @Spec
        CommandSpec spec;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Required: a new directory for the result.")
        Path out;

        @Option(
                names = "--dtype",
                paramLabel = "TYPE",
                description = "Type of the result: f32, bf16 or f16 (default: that of the base or the first model).")
        Type dtype;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        abstract MergeConfig config();

        @Override
        public final Integer call() throws IOException {
            MergeConfig config;
            try {
                config = config();
            } catch (DataException e) {
                throw new ParameterException(spec.commandLine(), e.getMessage(), e);
            }
            return merge.merge(dtype == null ? config : config.withDtype(dtype.dtype), out, json);
        }
    }

    /// Models that count more or less.
    abstract static class WeightedCommand extends MethodCommand {
        @Parameters(paramLabel = "DIR", arity = "1..*", description = "Required: the models.")
        List<Path> models;

        @Option(
                names = "--weights",
                paramLabel = "W",
                split = ",",
                description = "How much each model counts, in the models' order (default: 1 each).")
        List<Double> weights;

        final List<MergeConfig.Source> sources() {
            if (weights != null && weights.size() != models.size()) {
                throw new DataException(
                        "--weights has " + weights.size() + " numbers for " + models.size() + " models");
            }
            List<MergeConfig.Source> sources = new ArrayList<>();
            for (int m = 0; m < models.size(); m++) {
                double weight = weights == null ? 1 : weights.get(m);
                sources.add(new MergeConfig.Source(models.get(m), Map.of("weight", new Setting.Constant(weight))));
            }
            return sources;
        }
    }

    /// Differences from a base, of which a part is kept.
    abstract static class DifferencesCommand extends WeightedCommand {
        @Option(
                names = "--base",
                paramLabel = "DIR",
                required = true,
                description = "Required: the model that all others were made from.")
        Path base;

        @Option(
                names = "--density",
                paramLabel = "D",
                defaultValue = "0.5",
                description = "The share of each model's differences that is kept (default: ${DEFAULT-VALUE}).")
        double density;

        @Option(
                names = "--lambda",
                paramLabel = "L",
                defaultValue = "1",
                description = "Strength of all differences together (default: ${DEFAULT-VALUE}).")
        double lambda;

        final MergeConfig config(Method method) {
            Map<String, Setting> parameters = new HashMap<>();
            parameters.put("density", new Setting.Constant(density));
            parameters.put("lambda", new Setting.Constant(lambda));
            return MergeConfig.of(method, base, sources(), parameters);
        }
    }

    /// `llams merge linear`
    @Command(
            name = "linear",
            description = {"Average the weights of models.",
                    "The sum of the weighted models, divided by the sum of the weights."},
            footer = {"", "Example:", "  llams merge linear one two three --weights 1,2,3 --out mean"})
    static final class LinearCommand extends WeightedCommand {
        @Option(names = "--no-normalize", description = "Do not divide by the sum of the weights.")
        boolean noNormalize;

        @Override
        MergeConfig config() {
            return MergeConfig.of(Method.LINEAR, null, sources(), Map.of()).withNormalize(!noNormalize);
        }
    }

    /// `llams merge slerp`
    @Command(
            name = "slerp",
            description = {"Mix two models along the arc between them.",
                    "Each tensor is taken as a vector: the result lies between their directions and lengths."},
            footer = {"", "Example:", "  llams merge slerp --base one --t 0.3 two --out between"})
    static final class SlerpCommand extends MethodCommand {
        @Parameters(paramLabel = "DIR", description = "Required: the other model.")
        Path model;

        @Option(
                names = "--base",
                paramLabel = "DIR",
                required = true,
                description = "Required: the model at t = 0, which also gives config and tokenizer.")
        Path base;

        @Option(
                names = "--t",
                paramLabel = "T",
                defaultValue = "0.5",
                description = "Where between the base (0) and the other model (1) (default: ${DEFAULT-VALUE}).")
        double t;

        @Override
        MergeConfig config() {
            return MergeConfig.of(Method.SLERP, base, List.of(new MergeConfig.Source(model, Map.of())),
                    Map.of("t", new Setting.Constant(t)));
        }
    }

    /// `llams merge ties`
    @Command(
            name = "ties",
            description = {"Merge the largest differences from a base, where models agree on the sign.",
                    "TIES (arXiv 2306.01708): small differences are dropped, each value takes the sign of the"
                            + " weighted sum, and the differences of that sign are averaged and added to the base."},
            footer = {"", "Example:", "  llams merge ties --base base --density 0.3 korean code --out both"})
    static final class TiesCommand extends DifferencesCommand {
        @Option(names = "--no-normalize", description = "Add the differences instead of averaging them.")
        boolean noNormalize;

        @Override
        MergeConfig config() {
            return config(Method.TIES).withNormalize(!noNormalize);
        }
    }

    /// `llams merge dare`
    @Command(
            name = "dare",
            description = {"Merge differences from a base after dropping most of them at random.",
                    "DARE (arXiv 2311.03099): the others are scaled up to compensate, and added to the base."},
            footer = {"", "Example:", "  llams merge dare --base base --density 0.2 korean code --out both"})
    static final class DareCommand extends DifferencesCommand {
        @Option(
                names = "--signs",
                description = "Add only the differences that have the sign of the weighted sum, as TIES does.")
        boolean signs;

        @Option(
                names = "--seed",
                paramLabel = "N",
                defaultValue = "0",
                description = "Random seed (default: ${DEFAULT-VALUE}).")
        long seed;

        @Override
        MergeConfig config() {
            return config(signs ? Method.DARE_TIES : Method.DARE_LINEAR).withSeed(seed);
        }
    }
}
