package llams.model.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.Golden;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufValue;
import llams.model.files.ByteProgress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Licence, languages and hub's names of a model's card stand in the GGUF file, and in the card of what comes of it.
class OriginGoesThroughGgufTest {
    @TempDir
    Path directory;

    private Path gguf(String card) throws IOException {
        Path model = Files.createDirectory(directory.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.pathOrSkip("tiny-llama3").resolve(name), model.resolve(name));
        }
        Files.writeString(model.resolve("README.md"), card);
        Path file = directory.resolve("model.gguf");
        GgufExport.write(model, null, file, GgufForm.Q8_0, ByteProgress.SILENT);
        return file;
    }

    private String card(Path gguf) throws IOException {
        Path out = directory.resolve("out");
        GgufImport.write(gguf, out, null, ByteProgress.SILENT);
        return Files.readString(out.resolve("README.md")).replaceAll("(?s)\\nWritten by LLaMS .*", "");
    }

    @Test
    void whatTheCardSays() throws IOException {
        Path file = gguf("""
                ---
                language: [ko, en]
                license: other
                license_name: llama-3.1
                license_link: https://example.org/licence
                base_model: [maker/Base-1B, other/Tuned, ../here]
                ---
                """);
        try (GgufFile open = GgufFile.open(file)) {
            assertEquals("other", open.metadata.text("general.license"));
            assertEquals(List.of("ko", "en"), open.metadata.texts("general.languages"));
            assertEquals(2, open.metadata.whole("general.base_model.count"));
            assertEquals("Tuned", open.metadata.text("general.base_model.1.name"));
            assertEquals("other", open.metadata.text("general.base_model.1.organization"));
            assertEquals("https://huggingface.co/maker/Base-1B", open.metadata.text("general.base_model.0.repo_url"));
        }
        assertEquals("""
                ---
                license: other
                license_name: llama-3.1
                license_link: "https://example.org/licence"
                language:
                - ko
                - en
                base_model:
                - maker/Base-1B
                - other/Tuned
                library_name: transformers
                pipeline_tag: text-generation
                tags:
                - llama
                - llams
                - gguf
                ---

                # Converted model.gguf

                **Built with Llama**

                Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All \
                Rights Reserved.

                If you share this model or one made from it, the licence asks you to pass on a copy of the licence and \
                the notice above in a file called Notice, to show the words "Built with Llama", and to begin the \
                model's name with "Llama".

                A GGUF file's model in Hugging Face's form. Its matrices were Q8_0, and are decoded and rounded to BF16.

                ## Made from

                | | model | commit | licence |
                |---|---|---|---|
                | original | `model.gguf` |  | llama-3.1 |

                ## Files

                | | |
                |---|---|
                | type of the weights | bfloat16 |
                """, card(file));
    }

    @Test
    void nothingIsMadeUp() throws IOException {
        Path file = gguf("no block of metadata");
        try (GgufFile open = GgufFile.open(file)) {
            List<String> general = open.metadata.values()
                    .keySet()
                    .stream()
                    .filter(key -> key.startsWith("general."))
                    .toList();
            assertEquals(List.of("general.architecture", "general.type", "general.name", "general.file_type",
                    "general.quantization_version"), general);
            assertEquals(new GgufValue.Text("model"), open.metadata.values().get("general.name"));
        }
    }
}
