package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A lesson of `docs/notebooks` as a Jupyter notebook: lines that begin with `///` become text, what stands between them
/// becomes cells of code, and `//DEPS` what the kernel fetches from Maven repositories.
final class Notebook {
    private static final String TEXT = "///";
    private static final String DEPENDENCY = "//DEPS ";

    private final ArrayNode cells;
    private final ObjectNode notebook = JsonMapper.shared().createObjectNode();

    private Notebook() {
        cells = notebook.putArray("cells");
        ObjectNode metadata = notebook.putObject("metadata");
        metadata.putObject("kernelspec")
                .put("display_name", "Java")
                .put("language", "java")
                .put("name", "rapaio-jupyter-kernel");
        metadata.putObject("language_info").put("name", "java").put("file_extension", ".jshell");
        notebook.put("nbformat", 4).put("nbformat_minor", 5);
    }

    /// The notebook's JSON.
    static String of(Path lesson) throws IOException {
        Notebook made = new Notebook();
        List<String> cell = new ArrayList<>();
        boolean isText = false;
        for (String line : Files.readAllLines(lesson)) {
            if (line.startsWith(DEPENDENCY)) {
                made.add(false,
                        List.of("%dependency /add " + line.substring(DEPENDENCY.length()), "%dependency /resolve"));
            } else if (line.startsWith(TEXT) || !line.startsWith("//")) {
                if (!line.isBlank() && line.startsWith(TEXT) != isText) {
                    made.add(isText, cell);
                    cell.clear();
                    isText = !isText;
                }
                cell.add(isText ? line.replaceFirst("^/// ?", "") : line);
            }
        }
        made.add(isText, cell);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(made.notebook) + "\n";
    }

    private void add(boolean isText, List<String> lines) {
        String source = String.join("\n", lines).strip();
        if (source.isEmpty()) {
            return;
        }
        ObjectNode cell = cells.addObject();
        cell.put("cell_type", isText ? "markdown" : "code").put("id", "cell-" + cells.size());
        if (!isText) {
            cell.putNull("execution_count");
        }
        cell.putObject("metadata");
        if (!isText) {
            cell.putArray("outputs");
        }
        ArrayNode texts = cell.putArray("source");
        List<String> all = source.lines().toList();
        for (int i = 0; i < all.size(); i++) {
            texts.add(all.get(i) + (i + 1 < all.size() ? "\n" : ""));
        }
    }

    /// Every lesson, in order.
    static List<Path> lessons(Path root) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("docs/notebooks"))) {
            return files.filter(file -> file.toString().endsWith(".jsh")).sorted().toList();
        }
    }

    static Path beside(Path lesson) {
        return lesson.resolveSibling(lesson.getFileName().toString().replace(".jsh", ".ipynb"));
    }

    /// Writes all notebooks anew.
    static void main(String[] arguments) throws IOException {
        for (Path lesson : lessons(Path.of(arguments[0]))) {
            Files.writeString(beside(lesson), of(lesson));
        }
    }
}
