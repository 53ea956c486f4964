package llams.trainer.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;
import llams.engine.io.NoRoomException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `train.jsonl`: one JSON object per step.
final class TrainingLog implements AutoCloseable {
    private final Path file;
    private final Disk.Output output;
    private final Consumer<String> notes;
    /// Lines for which there was no room.
    private final StringBuilder held = new StringBuilder();
    private long length;
    private TrainingRun.Report last;
    private String receipt;

    private TrainingLog(Path file, Disk.Output output, Consumer<String> notes, long length, TrainingRun.Report last,
            String receipt) {
        this.file = file;
        this.output = output;
        this.notes = notes;
        this.length = length;
        this.last = last;
        this.receipt = receipt;
    }

    /// Opens the log for the steps from `step` on: lines of later steps, from a run that went further than its last
    /// save, are cut off, as is what a power cut or a full disk left of its last line.
    ///
    /// @param notes hears what is damaged
    /// @throws IOException if there is anything but steps between lines of steps, or the file is a link
    static TrainingLog open(Path file, int step, Consumer<String> notes) throws IOException {
        if (step == 0 || !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            AtomicFiles.write(file, new byte[0]);
            return start(file, notes, 0, null, StepReceipt.NONE);
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(
                    file + ": is not a file of this run but a link or the like; remove it and resume again");
        }
        Kept kept = read(file, step);
        if (kept.damagedLine > 0) {
            notes.accept(file + ":" + kept.damagedLine + ": not a step; cut off from here");
        }
        if (kept.last == null || kept.last.step() + 1 < step) {
            notes.accept(file + ": " + (kept.last == null ? "has no steps" : "ends with step " + kept.last.step())
                    + ", and the save was made after step " + (step - 1));
        }
        TrainingLog log = start(file, notes, kept.length, kept.last, kept.receipt);
        log.output.truncate(kept.length);
        if (kept.lineIsOpen) {
            log.append("\n");
        }
        return log;
    }

    private static TrainingLog start(Path file, Consumer<String> notes, long length, TrainingRun.Report last,
            String receipt) throws IOException {
        try {
            return new TrainingLog(file, Disk.current().open(file), notes, length, last, receipt);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
    }

    /// The part of a log that is kept.
    ///
    /// @param length      bytes from its start
    /// @param receipt     of its last row
    /// @param lineIsOpen  whether the last of these is not the end of a line
    /// @param damagedLine number of the first line that is no step, from 1; 0 if there is none
    private record Kept(int length, TrainingRun.Report last, String receipt, boolean lineIsOpen, int damagedLine) {}

    /// Reads up to the first line of step `end` or a later one.
    private static Kept read(Path file, int end) throws IOException {
        byte[] log = Files.readAllBytes(file);
        int length = 0;
        TrainingRun.Report last = null;
        int lastFrom = 0;
        int damagedLine = 0;
        int number = 1;
        for (int from = 0, to; from < log.length; from = to, number++) {
            to = from;
            while (to < log.length && log[to++] != '\n') {}
            TrainingRun.Report report = parse(log, from, to);
            if (report == null) {
                damagedLine = damagedLine == 0 ? number : damagedLine;
            } else if (report.step() >= end) {
                break;
            } else if (damagedLine > 0) {
                throw new IOException(file + ":" + damagedLine + ": not a step, but steps follow; repair or remove"
                        + " this line, or remove the whole log, which the run does not need");
            } else {
                last = report;
                lastFrom = from;
                length = to;
            }
        }
        String receipt = last == null ? StepReceipt.NONE : receipt(log, lastFrom, length);
        return new Kept(length, last, receipt, length > 0 && log[length - 1] != '\n', damagedLine);
    }

    /// All steps in a log, by their numbers from 0.
    static Map<Integer, TrainingRun.Report> steps(Path file) throws IOException {
        Map<Integer, TrainingRun.Report> steps = new TreeMap<>();
        byte[] log = Files.readAllBytes(file);
        for (int from = 0, to; from < log.length; from = to) {
            to = from;
            while (to < log.length && log[to++] != '\n') {}
            TrainingRun.Report report = parse(log, from, to);
            if (report != null) {
                steps.put(report.step(), report);
            }
        }
        return steps;
    }

    /// A line as a report, or null if it is none.
    private static TrainingRun.Report parse(byte[] log, int from, int to) {
        try {
            JsonNode json = JsonMapper.shared().readTree(log, from, to - from);
            return new TrainingRun.Report(json.required("step").asInt(), json.required("steps").asInt(),
                    json.path("loss").asDouble(Double.NaN), json.required("lr").asDouble(),
                    json.path("gradNorm").asDouble(Double.NaN), json.required("countedTokens").asInt(),
                    json.required("tokens").asLong(), json.required("tokensPerSecond").asDouble(),
                    json.required("elapsedSeconds").asDouble(), json.path("evalLoss").asDouble(Double.NaN));
        } catch (JacksonException e) {
            return null;
        }
    }

    private static String receipt(byte[] log, int from, int to) {
        return JsonMapper.shared().readTree(log, from, to - from).path(StepReceipt.CHAIN).asString(StepReceipt.NONE);
    }

    /// The receipt of all steps in the log.
    String receipt() {
        return receipt;
    }

    /// Writes a step and what the model wrote after it; returns the line.
    ///
    /// @param data        [StepReceipt#ofData] of the step
    /// @param gradients   [Trainer.Step#gradients] of it
    /// @param memoryBytes of this process; NaN if the system does not tell
    ObjectNode write(TrainingRun.Report report, String data, String gradients, double memoryBytes, List<Sample> samples)
            throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("step", report.step())
                .put("steps", report.steps())
                .put("loss", report.loss())
                .put("lr", report.learningRate())
                .put("gradNorm", report.gradientNorm())
                .put("countedTokens", report.countedTokens())
                .put("tokens", report.tokens())
                .put("tokensPerSecond", report.tokensPerSecond())
                .put("elapsedSeconds", report.elapsedSeconds());
        if (!Double.isNaN(report.evalLoss())) {
            json.put("evalLoss", report.evalLoss());
        }
        report.measures().forEach(json::put);
        if (!Double.isNaN(memoryBytes)) {
            json.put("memoryBytes", (long) memoryBytes);
        }
        if (!samples.isEmpty()) {
            ArrayNode texts = json.putArray("samples");
            samples.forEach(sample -> texts.addObject().put("prompt", sample.prompt()).put("text", sample.text()));
        }
        json.put(StepReceipt.DATA, data);
        if (!gradients.isEmpty()) {
            json.put(StepReceipt.GRADIENTS, gradients);
        }
        receipt = StepReceipt.after(receipt, json);
        json.put(StepReceipt.CHAIN, receipt);
        json.put(StepReceipt.ROW, StepReceipt.ofText(JsonMapper.shared().writeValueAsString(json)));
        last = report;
        boolean wasHeld = !held.isEmpty();
        try {
            append(JsonMapper.shared().writeValueAsString(json) + "\n");
        } catch (NoRoomException e) {
            if (!wasHeld) {
                notes.accept(e.getMessage() + "; the run continues, and its steps are written as soon as there is"
                        + " room");
            }
        }
        return json;
    }

    /// Writes what is held and this; what cannot be written is held.
    private void append(String text) throws IOException {
        held.append(text);
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(held.toString());
        int size = bytes.remaining();
        try {
            output.write(bytes, length);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
        held.setLength(0);
        length += size;
    }

    /// Returns when all steps so far would survive a power cut: a save of them may count on it.
    void force() throws IOException {
        append("");
        try {
            output.force();
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
    }

    /// The report of the last of `steps` made steps in a run that has `total` now, as far as the log has it.
    TrainingRun.Report last(int steps, int total) {
        return last == null
                ? new TrainingRun.Report(steps - 1, total, Double.NaN, 0, Double.NaN, 0, 0, 0, 0, Double.NaN)
                : new TrainingRun.Report(steps - 1, total, last.loss(), last.learningRate(), last.gradientNorm(),
                        last.countedTokens(), last.tokens(), last.tokensPerSecond(), last.elapsedSeconds(),
                        last.evalLoss(), last.measures());
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
        output.close();
    }
}
