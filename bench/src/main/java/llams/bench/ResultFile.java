package llams.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Results in JMH's JSON format, each with one more key: the machine that it was measured on. Other readers of the
/// format pass over it, and files that are joined keep what belongs together.
final class ResultFile {
    static final String HOST = "host";

    private ResultFile() {}

    static JsonNode json(Collection<RunResult> results, Map<String, String> host) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
            ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
        }
        JsonNode all = JsonMapper.shared().readTree(bytes.toByteArray());
        for (JsonNode result : all) {
            ObjectNode facts = ((ObjectNode) result).putObject(HOST);
            host.forEach(facts::put);
        }
        return all;
    }

    static void write(JsonNode json, Path file) throws IOException {
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
    }

    static List<Measured> measured(JsonNode json) {
        List<Measured> results = new ArrayList<>();
        json.forEach(result -> results.add(Measured.of(result)));
        return results;
    }

    /// @throws IOException if the file is none of ours
    static List<Measured> read(Path file) throws IOException {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new IOException(file + ": is not JSON: " + e.getOriginalMessage(), e);
        }
        if (!json.isArray() || json.isEmpty()) {
            throw new IOException(file + ": has no results; 'llams bench --json FILE' writes such files");
        }
        List<Measured> results = new ArrayList<>();
        for (JsonNode result : json) {
            if (!result.path("benchmark").asString("").startsWith(ResultFile.class.getPackageName() + ".")) {
                throw new IOException(file + ": result " + results.size() + " has the benchmark "
                        + result.path("benchmark") + ", which 'llams bench' does not have");
            }
            results.add(Measured.of(result));
        }
        return results;
    }
}
