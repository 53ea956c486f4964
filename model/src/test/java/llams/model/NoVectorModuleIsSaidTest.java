package llams.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import llams.engine.OtherJvm;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.model.create.QuantizedModel;
import llams.model.extend.ExtendedModel;
import llams.model.extend.RowWeights;
import llams.model.files.ByteProgress;
import llams.model.files.Checksums;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.model.merge.ModelMerge;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import llams.model.merge.extract.AdapterExtraction;
import llams.model.text.TextGenerator;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/// A program that was started without Java's vector module: what needs it names the flag, and leaves nothing behind.
class NoVectorModuleIsSaidTest {
    private static final LlamaConfig CONFIG = LlamaConfig.standard(32, 48, 1, 4, 2, 258)
            .withMetadata(LlamaConfig.Metadata.standard().withIds(256, List.of(257)).withDtype("bfloat16"));

    @TempDir
    Path temporary;

    private interface Work {
        Object run() throws IOException;
    }

    /// What the other JVM does, with the directory of the models.
    static final class Show {
        public static void main(String[] args) throws IOException {
            Path at = Path.of(args[0]);
            Path out = at.resolve("out");
            Path base = at.resolve("base");
            Path other = at.resolve("other");
            MergeConfig.Source[] sources = {new MergeConfig.Source(base, Map.of()),
                    new MergeConfig.Source(other, Map.of())};
            MergeConfig mean = MergeConfig.of(Method.LINEAR, null, List.of(sources),
                    Map.of("weight", new Setting.Constant(1)));
            MergeConfig ties = MergeConfig.of(Method.TIES, base, List.of(sources[1]),
                    Map.of("weight", new Setting.Constant(1), "density", new Setting.Constant(0.5)));
            show("linear", () -> ModelMerge.merge(mean, out, ByteProgress.SILENT));
            show("ties", () -> ModelMerge.merge(ties, out, ByteProgress.SILENT));
            show("chat vector", () -> ChatVector.merge(base, other, other, out,
                    new ChatVector.Options(1, ChatVector.Vocabulary.STRICT, Map.of()), ByteProgress.SILENT));
            show("adapter", () -> AdapterMerge.merge(base, at.resolve("adapter"), out, ByteProgress.SILENT));
            show("extraction", () -> AdapterExtraction.extract(base, other, out, 4, EnumSet.of(ProjectionName.Q),
                    ByteProgress.SILENT));
            show("extension",
                    () -> ExtendedModel.write(base, extended(base), RowWeights.STANDARD, 1, out, ByteProgress.SILENT));
            show("quantized", () -> QuantizedModel.write(base, out, Quantization.Q8_0, ByteProgress.SILENT));
            show("weights", () -> LlamaWeights.openQuantized(base, Quantization.Q8_0).resident());
            show("generator", () -> TextGenerator.open(base));
            System.out.println(Files.exists(out) ? "something is left" : "nothing is left");
            // What needs no vectors works.
            NewModel.write(CONFIG, 3, base, at.resolve("new"), ByteProgress.SILENT);
            Checksums.write(at.resolve("new"), ByteProgress.SILENT);
            try (LlamaWeights weights = LlamaWeights.open(at.resolve("new"))) {
                System.out.println("a hash of " + weights.contentHash().length() + " digits");
            }
        }

        private static Tokenizer extended(Path model) throws IOException {
            return Tokenizer.load(model).with(List.of("ab".getBytes(StandardCharsets.UTF_8)));
        }

        private static void show(String name, Work work) {
            try {
                System.out.println(name + ": " + work.run());
            } catch (IOException | RuntimeException e) {
                System.out.println(name + ": " + e.getMessage());
            }
        }
    }

    @Test
    void theFlagIsNamed() throws Exception {
        Path base = temporary.resolve("base");
        Path other = temporary.resolve("other");
        List<byte[]> bytes = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            bytes.add(new byte[] {(byte) b});
        }
        Path tokenizer = Files.createDirectories(temporary.resolve("tokenizer"));
        Tokenizer.of(bytes, List.of("<|begin_of_text|>", "<|end_of_text|>"))
                .writeJson(tokenizer.resolve("tokenizer.json"));
        NewModel.write(CONFIG, 1, tokenizer, base, ByteProgress.SILENT);
        NewModel.write(CONFIG, 2, tokenizer, other, ByteProgress.SILENT);
        AdapterExtraction.extract(base, other, temporary.resolve("adapter"), 4, EnumSet.of(ProjectionName.Q),
                ByteProgress.SILENT);
        OtherJvm.Run run = OtherJvm.run(List.of(), List.of(ModelMerge.class, LlamaWeights.class, Tokenizer.class,
                JsonMapper.class, JsonGenerator.class, JsonFormat.class), Show.class, temporary.toString());
        assertEquals(
                """
                        linear: MAKING
                        ties: MAKING
                        chat vector: MAKING
                        adapter: MAKING
                        extraction: MAKING
                        extension: MAKING
                        quantized: quantizing needs FLAG
                        weights: quantizing needs FLAG
                        generator: device "cpu" cannot be used: its kernels need FLAG
                        nothing is left
                        a hash of 16 digits
                        """.replace("MAKING", "making a model of others needs FLAG")
                        .replace("FLAG", "Java's vector module; start java with --add-modules=jdk.incubator.vector"),
                run.output().replace(System.lineSeparator(), "\n"));
    }
}
