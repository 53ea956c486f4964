package llams.model.card;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A card says what is known, and nothing else; what a person wrote stays.
class ModelCardTest {
    @TempDir
    Path temporary;

    private Path model(String name, String card) throws IOException {
        Path model = Files.createDirectories(temporary.resolve(name));
        if (card != null) {
            Files.writeString(model.resolve("README.md"), card);
        }
        return model;
    }

    private static String body(Path out) throws IOException {
        return Files.readString(out.resolve("README.md")).replaceAll("(?s)\\nWritten by LLaMS .*", "");
    }

    @Test
    void theWholeCard() throws IOException {
        Path base = model("base", """
                ---
                language: [en, 'no']
                license: llama3.2
                license_link: "https://example.org/a b"
                base_model: other/model
                extra_gated_prompt: >-
                  Words
                ---
                # Base
                """);
        Files.writeString(base.resolve(".llams-download.json"), """
                {"repo": "maker/Base-1B", "commit": "0123abc", "files": {}}""");
        Path out = model("out", null);
        Files.writeString(out.resolve("LICENSE"), "");
        Files.writeString(out.resolve("tokenizer_config.json"), "{\"chat_template\": \"x\"}");
        assertTrue(ModelCard.of(ModelCard.Kind.ADAPTER, "lora", "As it was.", Parent.of("base", base))
                .with("Result", Map.of("a|b", "1\n2"))
                .with("Nothing", Map.of())
                .write(out));
        assertEquals("""
                ---
                license: llama3.2
                license_link: "https://example.org/a b"
                language:
                - en
                - "no"
                base_model: maker/Base-1B
                base_model_relation: adapter
                library_name: peft
                pipeline_tag: text-generation
                tags:
                - llama
                - llams
                - lora
                ---

                # LoRA adapter for Base-1B

                **Built with Llama**

                Llama 3.2 is licensed under the Llama 3.2 Community License, Copyright © Meta Platforms, Inc. All \
                Rights Reserved.

                If you share this model or one made from it, the licence asks you to pass on a copy of the licence \
                and the notice above in a file called Notice, to show the words "Built with Llama", and to begin the \
                model's name with "Llama".

                As it was.

                ## Made from

                | | model | commit | licence |
                |---|---|---|---|
                | base | [maker/Base-1B](https://huggingface.co/maker/Base-1B) | `0123abc` | llama3.2 |

                ## Result

                | | |
                |---|---|
                | a\\|b | 1 2 |

                ## Files

                | | |
                |---|---|
                | licence | LICENSE |
                | chat template | in tokenizer_config.json |
                """, body(out));
        assertEquals(List.of("en", "no"), CardMetadata.of(out).all("language"));
        // What was made from it in turn belongs to the same family.
        Parent made = Parent.of("base", out);
        assertEquals(List.of("maker/Base-1B"), made.hubModels());
        assertEquals("llama3.2", made.licence().id());
    }

    @Test
    void ofNothingKnownNothingIsSaid() throws IOException {
        Path out = model("out", null);
        ModelCard
                .of(ModelCard.Kind.MERGED, "merge", "As it was.", Parent.of("base", model("a", null)),
                        Parent.of("other", model("b", "no metadata")))
                .write(out);
        assertEquals("""
                ---
                library_name: transformers
                pipeline_tag: text-generation
                tags:
                - llama
                - llams
                - merge
                ---

                # Merge of a, b

                As it was.

                ## Made from

                | | model | commit | licence |
                |---|---|---|---|
                | base | `a` |  | not stated |
                | other | `b` |  | not stated |
                """, body(out));
    }

    @Test
    void aLicenceIsClaimedOnlyIfAllAgree() throws IOException {
        Path llama = model("a", "---\nlicense: llama3\n---\n");
        Path apache = model("b", "---\nlicense: apache-2.0\n---\n");
        for (Path other : List.of(apache, model("c", null))) {
            Path out = model("out", null);
            ModelCard.of(ModelCard.Kind.MERGED, "merge", "", Parent.of("a", llama), Parent.of("b", other)).write(out);
            assertEquals("", CardMetadata.of(out).one("license"));
            assertTrue(body(out).contains("| a | `a` |  | llama3 |"), body(out));
            assertTrue(body(out).contains("**Built with Meta Llama 3**"), body(out));
            Files.delete(out.resolve("README.md"));
        }
        Path out = model("out", null);
        Path linked = model("d", "---\nlicense: llama3\nlicense_link: x\n---\n");
        ModelCard.of(ModelCard.Kind.MERGED, "merge", "", Parent.of("a", llama), Parent.of("b", linked)).write(out);
        assertEquals("llama3", CardMetadata.of(out).one("license"));
    }

    @Test
    void whatAPersonWroteStays() throws IOException {
        Path out = model("out", "mine");
        ModelCard card = ModelCard.of(ModelCard.Kind.NEW, "x", "First.");
        assertFalse(card.write(out));
        assertEquals("mine", Files.readString(out.resolve("README.md")));
        Files.write(out.resolve("README.md"), new byte[] {(byte) 0xff, 'x'});
        assertFalse(card.write(out));
        Files.delete(out.resolve("README.md"));
        assertTrue(card.write(out));
        // As it was written, it may be replaced; with one letter changed, no more.
        assertTrue(ModelCard.of(ModelCard.Kind.NEW, "x", "Second.").write(out));
        String edited = Files.readString(out.resolve("README.md")).replace("Second.", "Third.");
        Files.writeString(out.resolve("README.md"), edited);
        assertFalse(card.write(out));
        assertEquals(edited, Files.readString(out.resolve("README.md")));
    }

    @Test
    void aModelInPythonsCacheHasItsName() throws IOException {
        Path snapshot = model("models--meta-llama--Llama-3.2-1B/snapshots/4e20de36", null);
        Parent parent = Parent.of("base", snapshot);
        assertEquals("meta-llama/Llama-3.2-1B", parent.repo());
        assertEquals("4e20de36", parent.commit());
    }

    @ParameterizedTest
    @CsvSource({"llama3, '', Llama 3", "other, llama3, Llama 3", "other, llama-3, Llama 3", "llama3.1, '', Llama",
            "llama3.3, x, Llama", "apache-2.0, '', ", "other, mine, ", "'', '', "})
    void whatTheNameMustBeginWith(String id, String name, String begins) {
        assertEquals(Optional.ofNullable(begins), new ModelLicence(id, name, "").nameBegins());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "---", "---\n", "---\n---\n", "---\n- a\n---\n", "---\na: [\n---\n", "---\na: *b\n---\n",
                    "text\n---\nlicense: x\n---\n", "---\nlicense: x\n", "---\nlicense:\n  a: b\n---\n"})
    void aCardThatCannotBeReadSaysNothing(String card) throws IOException {
        assertEquals("", CardMetadata.of(model("a", card)).one("license"));
    }

    @Test
    void linesMayEndAsTheyLike() throws IOException {
        Path model = model("a", "---\r\nlicense: mit\r\nlanguage:\r\n- ko\r\n---\r\n\r\ntext");
        assertEquals("mit", CardMetadata.of(model).one("license"));
        assertEquals(List.of("ko"), CardMetadata.of(model).all("language"));
    }
}
