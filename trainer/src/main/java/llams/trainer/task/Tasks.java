package llams.trainer.task;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import llams.model.yaml.YamlReader;

/// Finds tasks: those that come with this program, and files.
public final class Tasks {
    /// The tasks that come with this program.
    public static final List<String> SHIPPED = List.of("kobest-boolq", "kobest-copa", "kobest-hellaswag",
            "kobest-sentineg", "kobest-wic", "kmmlu", "kmmlu-direct", "haerae", "click", "hrm8k", "hrm8k-mmmlu",
            "mmlu");

    private Tasks() {}

    /// A file's task, or that of a name in [#SHIPPED]; a file wins.
    ///
    /// @throws DataException if it is neither, or the file is not a task; says where and what would be right
    public static Task find(String nameOrFile) throws IOException {
        Path file = Path.of(nameOrFile);
        String name = file.getFileName().toString().replaceFirst("\\.ya?ml$", "");
        if (Files.isRegularFile(file)) {
            return new TaskReader(name, YamlReader.read(file), file.toAbsolutePath().getParent()).task();
        }
        if (SHIPPED.contains(nameOrFile)) {
            return new TaskReader(name, YamlReader.parse(nameOrFile, text(nameOrFile)), Path.of("")).task();
        }
        throw new DataException(nameOrFile + ": neither a task's file nor one of " + String.join(", ", SHIPPED));
    }

    /// The file of a task in [#SHIPPED].
    public static String text(String name) throws IOException {
        try (InputStream in = Tasks.class.getResourceAsStream(name + ".yaml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
