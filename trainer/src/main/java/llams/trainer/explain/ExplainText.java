package llams.trainer.explain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import llams.engine.plan.Explanation.Row;
import llams.engine.plan.Program;
import llams.trainer.watch.Html;

/// An explanation as lines of at most 100 characters: a table by section and one by operation.
public final class ExplainText {
    private static final String SECTIONS = "  %-28s %5s %9s %9s %9s %9s";
    private static final String OPERATIONS = "  %-28s %5s %9s %9s %9s  %s";

    private ExplainText() {}

    public static List<String> lines(Explained explained) {
        List<String> lines = new ArrayList<>(List.of(explained.work().title()));
        for (Explained.Part part : explained.parts()) {
            lines.add("");
            add(lines, explained, part);
        }
        return lines;
    }

    private static void add(List<String> lines, Explained explained, Explained.Part part) {
        Program.Memory memory = part.program().memory();
        List<Row> all = part.explanation().rows();
        lines.add(String.format(Locale.ROOT, "%s: %,d instructions, %s GFLOP%s", part.name(), all.size(),
                giga(part.explanation().flops()), part.nanos() == null ? "" : ", " + milli(part.nanos(all)) + " ms"));
        long[] live = part.explanation().liveBytes();
        lines.add("weights " + Html.bytes(memory.weights()) + ", state " + Html.bytes(memory.state()) + ", slab "
                + Html.bytes(part.program().slabBytes()) + ", at most "
                + Html.bytes(LongStream.of(live).max().orElse(0)) + " of it in use at once");
        lines.add(String
                .format(SECTIONS, "section", "ops", "GFLOP", "MB moved", "MB live", part.nanos() == null ? "" : "ms")
                .stripTrailing());
        List<Explained.Section> sections = part.sections();
        for (int from = 0, to; from < sections.size(); from = to) {
            to = from + 1;
            while (to < sections.size() && isAlike(sections.get(from), sections.get(to))) {
                to++;
            }
            lines.add(sections(sections.subList(from, to), part, live));
        }
        lines.add(String
                .format(OPERATIONS, "operation", "ops", "GFLOP", "MB moved", part.nanos() == null ? "" : "ms", "kernel")
                .stripTrailing());
        Map<String, List<Row>> byOp = new LinkedHashMap<>();
        for (Row row : all) {
            String key = String.format("%-28s", row.instruction().op().name()) + explained.file(row);
            byOp.computeIfAbsent(key, _ -> new ArrayList<>()).add(row);
        }
        byOp.values()
                .stream()
                .sorted((a, b) -> Long.compare(flops(b), flops(a)))
                .forEach(rows -> lines.add(operation(rows, explained, part)));
    }

    /// A layer like the one before it, of the same pass.
    private static boolean isAlike(Explained.Section one, Explained.Section other) {
        return one.block() >= 0 && other.block() >= 0 && one.phase() == other.phase()
                && one.rows().size() == other.rows().size() && one.flops() == other.flops();
    }

    private static String sections(List<Explained.Section> alike, Explained.Part part, long[] live) {
        Explained.Section first = alike.getFirst();
        long most = alike.stream()
                .flatMap(section -> section.rows().stream())
                .mapToLong(row -> live[row.group()])
                .max()
                .orElse(0);
        String title = alike.size() == 1
                ? first.title()
                : first.title()
                        .replaceFirst("layer \\d+",
                                "layers " + first.block() + " to " + alike.getLast().block() + ", each");
        long nanos = alike.stream().mapToLong(section -> part.nanos(section.rows())).sum() / alike.size();
        return String
                .format(SECTIONS, title, first.rows().size(), giga(first.flops()), mega(first.movedBytes()), mega(most),
                        part.nanos() == null ? "" : milli(nanos))
                .stripTrailing();
    }

    private static String operation(List<Row> rows, Explained explained, Explained.Part part) {
        long moved = rows.stream().mapToLong(row -> row.cost().readBytes() + row.cost().writtenBytes()).sum();
        String file = explained.file(rows.getFirst());
        return String
                .format(OPERATIONS, rows.getFirst().instruction().op().name(), rows.size(), giga(flops(rows)),
                        mega(moved), part.nanos() == null ? "" : milli(part.nanos(rows)),
                        file.substring(file.lastIndexOf('/') + 1))
                .stripTrailing();
    }

    private static long flops(List<Row> rows) {
        return rows.stream().mapToLong(row -> row.cost().flops()).sum();
    }

    private static String giga(long flops) {
        return String.format(Locale.ROOT, flops < 1e10 ? "%.3f" : "%,.1f", flops * 1e-9);
    }

    private static String mega(long bytes) {
        return String.format(Locale.ROOT, bytes < 1e7 ? "%.2f" : "%,.0f", bytes * 1e-6);
    }

    private static String milli(long nanos) {
        return String.format(Locale.ROOT, "%.2f", nanos * 1e-6);
    }
}
