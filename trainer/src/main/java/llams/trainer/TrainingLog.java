package llams.trainer;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import llams.engine.safetensors.AtomicFiles;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `train.jsonl`: one JSON object a step.
final class TrainingLog implements AutoCloseable {
    private final BufferedWriter writer;
    private FineTune.Report last;

    private TrainingLog(BufferedWriter writer, FineTune.Report last) {
        this.writer = writer;
        this.last = last;
    }

    /// Opens the log for the steps from `step` on: lines of later steps, from a run that went further than its last save, are
    /// dropped, as is a last line that was cut short.
    static TrainingLog open(Path file, int step) throws IOException {
        List<String> kept = new ArrayList<>();
        FineTune.Report last = null;
        if (step > 0 && Files.exists(file)) {
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                FineTune.Report report = parse(line);
                if (report != null && report.step() < step) {
                    kept.add(line);
                    last = report;
                }
            }
        }
        AtomicFiles.write(file, kept.stream().map(line -> line + "\n").reduce("", String::concat)
                .getBytes(StandardCharsets.UTF_8));
        return new TrainingLog(Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND),
                last);
    }

    private static FineTune.Report parse(String line) {
        try {
            JsonNode json = JsonMapper.shared().readTree(line);
            return new FineTune.Report(json.required("step").asInt(), json.required("steps").asInt(),
                    json.path("loss").asDouble(Double.NaN), json.required("lr").asDouble(),
                    json.path("gradNorm").asDouble(Double.NaN), json.required("countedTokens").asInt(),
                    json.required("tokens").asLong(), json.required("tokensPerSecond").asDouble(),
                    json.required("elapsedSeconds").asDouble(), json.path("evalLoss").asDouble(Double.NaN));
        } catch (JacksonException e) {
            return null;
        }
    }

    void write(FineTune.Report report) throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("step", report.step()).put("steps", report.steps()).put("loss", report.loss())
                .put("lr", report.learningRate()).put("gradNorm", report.gradientNorm())
                .put("countedTokens", report.countedTokens()).put("tokens", report.tokens())
                .put("tokensPerSecond", report.tokensPerSecond()).put("elapsedSeconds", report.elapsedSeconds());
        if (!Double.isNaN(report.evalLoss())) {
            json.put("evalLoss", report.evalLoss());
        }
        writer.write(JsonMapper.shared().writeValueAsString(json));
        writer.write('\n');
        writer.flush();
        last = report;
    }

    /// The report of the last step that is in the log, or null.
    FineTune.Report last() {
        return last;
    }

    /// Tokens of all steps in the log.
    long tokens() {
        return last == null ? 0 : last.tokens();
    }

    double elapsedSeconds() {
        return last == null ? 0 : last.elapsedSeconds();
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
