package llams.trainer.replay;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.engine.device.Device;
import llams.model.chat.ModelText;
import llams.trainer.run.Replay;
import llams.trainer.run.TrainingRun;

/// A training step of an earlier run, made again and looked at.
public final class StepReplay {
    private StepReplay() {}

    /// @param run    opened by [TrainingRun#openEarlier]
    /// @param step   from 1
    /// @param tokens of the first micro-batch that are looked at closely, the most
    /// @throws IOException as [TrainingRun#replay]
    public static Replayed of(TrainingRun run, String name, int step, int tokens, TrainingRun.Listener listener)
            throws IOException {
        try (StepRecorder seen = new StepRecorder(tokens)) {
            Replay.Made made = run.replay(step, seen, listener);
            ModelText text = run.text();
            TokenTexts texts = new TokenTexts(text == null ? null : text.tokenizer());
            Device device = run.device();
            int from = seen.window.from();
            int[] labels = Arrays.copyOfRange(seen.sequence().label(), from, from + seen.window.tokens());
            List<Replayed.Document> documents = seen.documents(texts);
            return new Replayed("Step " + step + " of " + name, summary(made, documents), run.config(), seen.sequence(),
                    seen.window, StepRecorder.documents(seen.sequence(), seen.window), documents, made.isOfPairs(),
                    seen.pass, seen.lens.of(device, seen.pass.residual, labels), seen.update, texts);
        }
    }

    private static Map<String, String> summary(Replay.Made made, List<Replayed.Document> documents) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("loss", number(made.result().loss(), 6));
        facts.put("gradient norm", number(made.result().gradientNorm(), 6));
        facts.put("against the log", "equal, bit for bit");
        facts.put("learning rate", number(made.logged().learningRate(), 4));
        facts.put("tokens",
                String.format(Locale.ROOT, "%,d (%,d counted)", made.result().tokens(), made.result().countedTokens()));
        facts.put("documents", Integer.toString(documents.size()));
        facts.put("started from", made.save() == null ? "the start of the run" : made.save().getFileName().toString());
        facts.put("steps between", Integer.toString(made.before()));
        return facts;
    }

    private static String number(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "g", value)
                .replaceFirst("(\\.\\d*?)0+(?=e|$)", "$1")
                .replaceFirst("\\.(?=e|$)", "");
    }
}
