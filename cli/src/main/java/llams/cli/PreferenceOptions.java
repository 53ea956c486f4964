package llams.cli;

import llams.engine.preference.Dpo;
import llams.engine.preference.Kto;
import llams.engine.preference.Orpo;
import llams.engine.preference.SimPo;
import llams.trainer.run.NextToken;
import llams.trainer.run.Objective;
import llams.trainer.run.Preferred;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How pairs of answers are learned from.
final class PreferenceOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--beta",
            paramLabel = "B",
            description = "Pairs: strength of the method (default: 0.1; 2 for simpo).")
    Double beta;

    @Option(
            names = "--gamma",
            paramLabel = "G",
            description = "--method simpo: the margin that a pair should have (default: 0.5).")
    Double gamma;

    /// What a method minimises; fills in what these options leave open.
    Objective objective(TrainOptions.Method method) {
        usage(gamma == null || method == TrainOptions.Method.simpo, "--gamma is for --method simpo");
        usage(beta == null || method.isOfPairs(), "--beta is for --method dpo, orpo, simpo or kto");
        usage(beta == null || beta > 0, "--beta must be above 0, not " + beta);
        return switch (method) {
            case lora, full, newTokens -> new NextToken();
            case dpo -> new Preferred(new Dpo(beta(Dpo.BETA)));
            case orpo -> new Preferred(new Orpo(beta(Orpo.LAMBDA)));
            case kto -> new Preferred(new Kto(beta(Kto.BETA)));
            case simpo -> {
                gamma = gamma == null ? SimPo.GAMMA : gamma;
                yield new Preferred(new SimPo(beta(SimPo.BETA), gamma));
            }
        };
    }

    private double beta(double usual) {
        beta = beta == null ? usual : beta;
        return beta;
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}
