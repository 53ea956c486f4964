package llams.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import llams.trainer.watch.Html;

/// Machines side by side: for each of some cases, the best first. The machines are files of results in one directory,
/// and called as these are.
final class Leaderboard {
    private static final int ALL = 0;

    /// What machines are ranked by.
    ///
    /// @param threads 1, or [#ALL] for the most that a machine was measured with
    /// @param rate    more is better
    private record Discipline(String title, String unit, String operation, String shape, String dtype, int threads,
            ToDoubleFunction<Measured> rate) {
        Measured best(List<Measured> results) {
            return results.stream()
                    .filter(result -> result.operation().equals(operation) && result.shape().equals(shape)
                            && result.dtype().equals(dtype) && rate.applyAsDouble(result) > 0
                            && (threads == ALL || result.threads() == threads))
                    .max(Comparator.comparingInt(Measured::threads))
                    .orElse(null);
        }
    }

    private static final List<Discipline> DISCIPLINES = List.of(
            new Discipline("Computing, one thread", "GFLOP/s", "peak.fma", "", "", 1, Measured::gflops),
            new Discipline("Computing, all threads", "GFLOP/s", "peak.fma", "", "", ALL, Measured::gflops),
            new Discipline("Reading memory, all threads", "GB/s", "peak.read", "", "", ALL, Measured::gigabytes),
            new Discipline("Matrix product, F32", "GFLOP/s", "kernel.linear", "1024x1024x1024", "f32", ALL,
                    Measured::gflops),
            new Discipline("Matrix product, BF16 weights", "GFLOP/s", "kernel.linear", "1024x1024x1024", "bf16", ALL,
                    Measured::gflops),
            new Discipline("One token by a weight in BF16", "GB/s", "kernel.oneToken", "1x8192x2048", "bf16", ALL,
                    Measured::gigabytes),
            new Discipline("Reading a prompt, 60M, BF16", "tokens/s", "prefillDecode.prefill", "60M 512", "bf16", ALL,
                    Measured::tokens),
            new Discipline("Reading a prompt, 1B, BF16", "tokens/s", "prefillDecode.prefill", "1B 512", "bf16", ALL,
                    Measured::tokens),
            new Discipline("Generating, 60M, BF16", "tokens/s", "prefillDecode.decode", "60M 128", "bf16", ALL,
                    Measured::tokens),
            new Discipline("Generating, 60M, Q8_0", "tokens/s", "prefillDecode.decode", "60M 128", "q8_0", ALL,
                    Measured::tokens),
            new Discipline("Generating, 1B, BF16", "tokens/s", "prefillDecode.decode", "1B 128", "bf16", ALL,
                    Measured::tokens),
            new Discipline("Generating, 1B, Q8_0", "tokens/s", "prefillDecode.decode", "1B 128", "q8_0", ALL,
                    Measured::tokens),
            new Discipline("Training, LoRA, 60M", "tokens/s", "trainStep.step", "60M-lora-all-f32-4x256", "", ALL,
                    Measured::tokens));

    private Leaderboard() {}

    static String of(Path directory) throws IOException {
        Map<String, List<Measured>> machines = read(directory);
        Html html = Pages.begin("Machines that LLaMS was measured on");
        html.add("<h1>Machines that LLaMS was measured on</h1>\n<p>%s, the best first in each list. More is better"
                + " everywhere.</p>\n<p class=\"note\">Figures from different days and versions of the program, on machines"
                + " that were idle as far as anyone could tell. ± is half the range of the iterations.</p>\n"
                + "<div class=\"ranks\">\n",
                machines.size() == 1 ? "One machine so far" : machines.size() + " machines");
        DISCIPLINES.forEach(discipline -> ranks(html, discipline, machines));
        html.add("</div>\n<h2>The machines</h2>\n");
        Pages.hosts(html, List.copyOf(machines.keySet()),
                machines.values().stream().map(results -> results.getFirst().host()).toList());
        return Pages.end(html, "");
    }

    private static Map<String, List<Measured>> read(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new IOException(directory + ": is not a directory of result files");
        }
        TreeSet<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, "*.json")) {
            found.forEach(files::add);
        }
        if (files.isEmpty()) {
            throw new IOException(directory + ": has no *.json; 'llams bench --json FILE' writes such files");
        }
        Map<String, List<Measured>> machines = new LinkedHashMap<>();
        for (Path file : files) {
            machines.put(file.getFileName().toString().replaceFirst("\\.json$", ""), ResultFile.read(file));
        }
        return machines;
    }

    private static void ranks(Html html, Discipline discipline, Map<String, List<Measured>> machines) {
        Map<String, Measured> ranked = new LinkedHashMap<>();
        machines.forEach((name, results) -> {
            Measured best = discipline.best(results);
            if (best != null) {
                ranked.put(name, best);
            }
        });
        if (ranked.isEmpty()) {
            return;
        }
        List<String> order = new ArrayList<>(ranked.keySet());
        order.sort(Comparator.comparingDouble(name -> -discipline.rate.applyAsDouble(ranked.get(name))));
        double most = discipline.rate.applyAsDouble(ranked.get(order.getFirst()));
        html.add("<section><h3>%s <small>%s</small></h3>\n<ol>\n", discipline.title, discipline.unit);
        for (String name : order) {
            Measured result = ranked.get(name);
            double rate = discipline.rate.applyAsDouble(result);
            String spread = Table.percent(result.spread());
            html.add("<li>%s</li>\n", Pages.bar(rate / most,
                    "<span>%s</span><span>%s%s</span>".formatted(
                            Html.text(name) + (result.threads() > 1 ? " (" + result.threads() + " threads)" : ""),
                            Table.figure(rate), spread.isEmpty() ? "" : " ±" + spread)));
        }
        html.add("</ol></section>\n");
    }
}
