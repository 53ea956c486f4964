package llams.trainer.replay;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What was seen as lines of at most 100 characters.
public final class ReplayText {
    private static final int MOST_DOCUMENTS = 12;
    private static final int NAME = 42;

    private ReplayText() {}

    public static List<String> lines(Replayed seen) {
        List<String> lines = new ArrayList<>(List.of(seen.title()));
        for (Map.Entry<String, String> fact : seen.summary().entrySet()) {
            lines.add(String.format("  %-16s %s", fact.getKey(), fact.getValue()));
        }
        if (seen.update() != null) {
            lines.add("");
            documents(lines, seen);
        }
        lines.add("");
        layers(lines, seen);
        if (seen.update() != null) {
            lines.add("");
            parameters(lines, seen);
        }
        return lines;
    }

    private static void documents(List<String> lines, Replayed seen) {
        if (seen.isOfPairs()) {
            answers(lines, seen);
            return;
        }
        lines.add(String.format("  %-" + NAME + "s %8s %8s %9s %7s", "document", "tokens", "counted", "loss", "share"));
        double all = seen.loss();
        seen.documents()
                .stream()
                .sorted(Comparator.comparingDouble(document -> -document.loss()))
                .limit(MOST_DOCUMENTS)
                .forEach(d -> lines.add(
                        String.format(Locale.ROOT, "  %-" + NAME + "s %,8d %,8d %9.4f %6.1f%%", shortened(d.origin()),
                                d.tokens(), d.counted(), d.loss() / Math.max(1, d.counted()), 100 * d.loss() / all)));
        if (seen.documents().size() > MOST_DOCUMENTS) {
            lines.add(String.format(Locale.ROOT, "  and %,d more, with smaller shares",
                    seen.documents().size() - MOST_DOCUMENTS));
        }
    }

    /// The step's loss is no sum over them.
    private static void answers(List<String> lines, Replayed seen) {
        lines.add(String.format("  %-" + NAME + "s %-9s %8s %8s %9s", "answer", "", "tokens", "counted", "loss"));
        for (int i = 0; i < Math.min(MOST_DOCUMENTS, seen.documents().size()); i++) {
            Replayed.Document d = seen.documents().get(i);
            lines.add(String.format(Locale.ROOT, "  %-" + NAME + "s %-9s %,8d %,8d %9.4f", shortened(d.origin()),
                    i % 2 == 0 ? "chosen" : "rejected", d.tokens(), d.counted(), d.loss() / Math.max(1, d.counted())));
        }
        if (seen.documents().size() > MOST_DOCUMENTS) {
            lines.add(String.format(Locale.ROOT, "  and %,d more", seen.documents().size() - MOST_DOCUMENTS));
        }
    }

    private static String shortened(String name) {
        return name.length() <= NAME ? name : "…" + name.substring(name.length() - NAME + 1);
    }

    private static void layers(List<String> lines, Replayed seen) {
        lines.add(String.format(Locale.ROOT, "  %-20s %15s %18s %30s", "after", "residual length",
                seen.update() == null ? "" : "its gradient's", "loss if the model ended here").stripTrailing());
        float[][] norms = ReplayJson.residualNorms(seen);
        for (int place = 0; place < norms.length; place++) {
            float[] gradient = seen.pass().gradientNorms[place];
            lines.add(String.format(Locale.ROOT, "  %-20s %15.4g %18s %30.4f",
                    place == 0 ? "the embedding" : "layer " + (place - 1), mean(norms[place]),
                    gradient == null ? "" : String.format(Locale.ROOT, "%.4g", mean(gradient)), seen.lensLoss(place)));
        }
        lines.add(String.format(Locale.ROOT, "  means over the first %,d tokens", seen.window().tokens()));
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / Math.max(1, values.length);
    }

    private static void parameters(List<String> lines, Replayed seen) {
        Map<String, UpdateRecorder.Change> changes = seen.update().changes;
        lines.add(String.format("  %-58s %12s %12s", "changed most, for its size", "gradient", "changed by"));
        changes.entrySet()
                .stream()
                .sorted(Comparator.comparingDouble(entry -> -share(entry.getValue())))
                .limit(MOST_DOCUMENTS)
                .forEach(entry -> lines.add(String.format(Locale.ROOT, "  %-58s %12.4g %11.3g%%",
                        entry.getKey().replace("base_model.model.", "").replaceFirst("^model\\.", ""),
                        entry.getValue().gradient(), 100 * share(entry.getValue()))));
    }

    /// The change as a part of the weight; of one that was 0, all.
    static double share(UpdateRecorder.Change change) {
        return change.weight() == 0 ? change.change() == 0 ? 0 : 1 : change.change() / change.weight();
    }
}
