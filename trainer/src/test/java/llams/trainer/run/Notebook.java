package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A lesson of `docs/notebooks`, a jshell file, as a program and as a Jupyter notebook that shows what the program
/// prints. Lines that begin with `///` become text, what stands between them becomes cells of code, and `//DEPS` the jars
/// of the build, beside which the notebooks lie: rapaio's kernel (3.0.1) does not look into the local Maven repository.
///
/// @param name  of the program's class
/// @param cells in order
record Notebook(Path file, String name, List<Cell> cells) {
    private static final String TEXT = "///";
    private static final String DEPENDENCY = "//DEPS ";
    private static final String JARS = "%jar ../../cli/target/modules";
    /// Printed by the program after each cell of code.
    static final String END_OF_CELL = "\f";
    private static final Pattern METHOD = Pattern.compile("(?!for|while|if|try|switch)[\\w.<>\\[\\], ]+ \\w+\\(.*\\{");
    private static final Pattern FIELD = Pattern.compile("[\\w.<>\\[\\], ]+ \\w+( =.*|;)");

    /// What is between two changes from text to code.
    enum Kind {
        TEXT, CODE, DEPENDENCY
    }

    /// A cell of a notebook.
    record Cell(Kind kind, List<String> lines) {}

    static Notebook of(Path file) throws IOException {
        List<Cell> cells = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        Kind kind = Kind.CODE;
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(DEPENDENCY)) {
                cells.add(new Cell(Kind.DEPENDENCY, List.of(JARS)));
            } else if (line.startsWith(TEXT) || !line.startsWith("//")) {
                Kind here = line.isBlank() ? kind : line.startsWith(TEXT) ? Kind.TEXT : Kind.CODE;
                if (here != kind) {
                    add(cells, kind, lines);
                    lines.clear();
                    kind = here;
                }
                lines.add(kind == Kind.TEXT ? line.replaceFirst("^/// ?", "") : line);
            }
        }
        add(cells, kind, lines);
        return new Notebook(file, "Lesson" + file.getFileName().toString().charAt(0), cells);
    }

    private static void add(List<Cell> cells, Kind kind, List<String> lines) {
        List<String> stripped = String.join("\n", lines).strip().lines().toList();
        if (!stripped.isEmpty()) {
            cells.add(new Cell(kind, stripped));
        }
    }

    /// The source of a class whose construction does what jshell would do: variables become fields, statements
    /// initializers, which run in the same order.
    String program() {
        StringBuilder imports = new StringBuilder();
        StringBuilder members = new StringBuilder();
        for (Cell cell : cells) {
            if (cell.kind == Kind.CODE) {
                for (String snippet : snippets(cell.lines)) {
                    if (snippet.startsWith("import ")) {
                        imports.append(snippet).append('\n');
                    } else {
                        members.append(member(snippet)).append('\n');
                    }
                }
                members.append("{ IO.print(\"\\f\"); }\n");
            }
        }
        return imports + "class " + name + " {\n" + name + "() throws Exception {}\nvoid main() {}\n" + members + "}\n";
    }

    /// Each begins at the margin.
    private static List<String> snippets(List<String> lines) {
        List<String> snippets = new ArrayList<>();
        for (String line : lines) {
            if (line.isBlank() || line.startsWith(" ") || line.startsWith("}")) {
                snippets.add(snippets.removeLast() + "\n" + line);
            } else {
                snippets.add(line);
            }
        }
        return snippets;
    }

    private static String member(String snippet) {
        String first = snippet.lines().findFirst().orElseThrow();
        return METHOD.matcher(first).matches() || FIELD.matcher(first).matches() ? snippet : "{ " + snippet + " }";
    }

    /// The notebook's JSON.
    ///
    /// @param printed by the program
    String json(String printed) {
        ObjectNode notebook = JsonNodeFactory.instance.objectNode();
        ArrayNode json = notebook.putArray("cells");
        String[] outputs = printed.split(END_OF_CELL, -1);
        int code = 0;
        for (Cell cell : cells) {
            json.add(json(cell, json.size() + 1, cell.kind == Kind.CODE ? outputs[code++] : ""));
        }
        if (code != outputs.length - 1) {
            throw new IllegalArgumentException(file + ": " + code + " cells of code, of which " + (outputs.length - 1)
                    + " came to their end; printed was: " + printed);
        }
        ObjectNode metadata = notebook.putObject("metadata");
        metadata.putObject("kernelspec")
                .put("display_name", "Java")
                .put("language", "java")
                .put("name", "rapaio-jupyter-kernel");
        metadata.putObject("language_info").put("name", "java").put("file_extension", ".jshell");
        notebook.put("nbformat", 4).put("nbformat_minor", 5);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(notebook) + "\n";
    }

    private static ObjectNode json(Cell cell, int number, String printed) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        boolean isText = cell.kind == Kind.TEXT;
        json.put("cell_type", isText ? "markdown" : "code").put("id", "cell-" + number);
        if (!isText) {
            json.putNull("execution_count");
        }
        json.putObject("metadata");
        if (!isText) {
            ArrayNode outputs = json.putArray("outputs");
            if (!printed.isEmpty()) {
                lines(outputs.addObject().put("output_type", "stream").put("name", "stdout").putArray("text"), printed);
            }
        }
        lines(json.putArray("source"), String.join("\n", cell.lines));
        return json;
    }

    private static void lines(ArrayNode array, String text) {
        for (String line : text.split("(?<=\n)")) {
            array.add(line);
        }
    }

    /// Every lesson, in order.
    static List<Notebook> all(Path root) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(root.resolve("docs/notebooks"))) {
            files = all.filter(file -> file.toString().endsWith(".jsh")).sorted().toList();
        }
        List<Notebook> lessons = new ArrayList<>();
        for (Path each : files) {
            lessons.add(of(each));
        }
        return lessons;
    }

    /// The notebook's file.
    Path beside() {
        return file.resolveSibling(file.getFileName().toString().replace(".jsh", ".ipynb"));
    }
}
