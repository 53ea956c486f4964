package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector.Options;
import llams.model.merge.ChatVector.Vocabulary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A merge says how large its vector is in each part of the model, and notices models in the wrong places.
class ChatVectorSizeTest {
    private static final List<String> NAMES = List.of("model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight",
            "model.layers.0.input_layernorm.weight", "model.layers.10.mlp.up_proj.weight", "model.norm.weight");

    @TempDir
    Path temporary;

    private ModelDirectory model(String name, DType dtype) throws IOException {
        ModelDirectory model = new ModelDirectory(temporary.resolve(name), 5);
        NAMES.forEach(tensor -> model.with(tensor, dtype, 6, 300));
        return model;
    }

    /// Moves every value by a share of itself, and every third by more.
    private static ModelDirectory moved(ModelDirectory model, double by) {
        for (String name : NAMES) {
            Tensor tensor = model.tensor(name);
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.setFloat(i, (float) (tensor.getFloat(i) * (1 + by * (i % 3 == 0 ? 2 : 1))));
            }
        }
        return model;
    }

    private MergeReport merge(ModelDirectory base, ModelDirectory instruct, ModelDirectory tuned) throws IOException {
        return ChatVector.merge(base.write(), instruct.write(), tuned.write(), temporary.resolve("out"),
                new Options(1, Vocabulary.STRICT, Map.of()), ByteProgress.SILENT);
    }

    private static List<String> aboutTheVector(MergeReport report) {
        return report.notes()
                .stream()
                .filter(note -> !note.contains("tokenizer") && !note.contains("BF16, tuned and the result"))
                .toList();
    }

    @Test
    void normsOfEveryPart() throws IOException {
        ModelDirectory base = model("base", DType.F32);
        ModelDirectory instruct = moved(model("instruct", DType.F32), 0.1);
        MergeReport report = merge(base, instruct, moved(model("tuned", DType.F32), -0.02));
        assertEquals(List.of("model.embed_tokens", "model.layers.0", "model.layers.10", "model.norm"),
                report.vector().stream().map(MergeReport.Size::part).sorted().toList());
        for (MergeReport.Size size : report.vector()) {
            double vector = 0;
            double whole = 0;
            for (String name : NAMES) {
                if (name.startsWith(size.part() + ".")) {
                    for (int i = 0; i < 6 * 300; i++) {
                        float was = base.tensor(name).getFloat(i);
                        vector += Math.pow((double) instruct.tensor(name).getFloat(i) - was, 2);
                        whole += Math.pow(was, 2);
                    }
                }
            }
            assertEquals(Math.sqrt(vector), size.norm(), 1e-9 * Math.sqrt(vector), size.part());
            assertEquals(Math.sqrt(vector / whole), size.relative(), 1e-9, size.part());
        }
        assertEquals(List.of(), aboutTheVector(report));
    }

    @Test
    void theVectorIsZero() throws IOException {
        MergeReport report = merge(model("base", DType.F32), model("instruct", DType.F32),
                moved(model("tuned", DType.F32), 0.01));
        assertTrue(aboutTheVector(report).getFirst()
                .startsWith("the vector is zero: instruct and base hold the same weights"));
        assertTrue(report.vector().stream().allMatch(size -> size.norm() == 0 && size.relative() == 0));
    }

    @Test
    void theVectorIsRoundingAlone() throws IOException {
        MergeReport report = merge(model("base", DType.F32), model("instruct", DType.BF16),
                moved(model("tuned", DType.F32), 0.1));
        assertTrue(report.notes().stream().anyMatch(note -> note.startsWith("the vector is zero")),
                report.notes().toString());
    }

    @Test
    void aSmallVectorBesideRoundingIsOne() throws IOException {
        ModelDirectory instruct = model("instruct", DType.BF16);
        instruct.tensor(NAMES.getLast()).setFloat(1799, 9);
        assertEquals(List.of(),
                aboutTheVector(merge(model("base", DType.F32), instruct, moved(model("tuned", DType.F32), 0.001))));
    }

    @Test
    void baseAndInstructAreInEachOthersPlace() throws IOException {
        ModelDirectory base = model("base", DType.F32);
        ModelDirectory instruct = moved(model("instruct", DType.F32), 0.1);
        MergeReport report = merge(instruct, base, moved(model("tuned", DType.F32), 0.01));
        assertTrue(
                aboutTheVector(report).getFirst().contains("tuned is nearer to instruct than to base in 4 of 4 parts"),
                report.notes().toString());
    }

    @Test
    void oneValueWithoutMeasureDoesNotDecide() throws IOException {
        ModelDirectory base = model("base", DType.F32);
        base.tensor(NAMES.getFirst()).setFloat(0, 1e30f);
        assertEquals(List.of(), aboutTheVector(
                merge(base, moved(model("instruct", DType.F32), 0.1), moved(model("tuned", DType.F32), 0.01))));
    }

    @Test
    void tunedIsTheBase() throws IOException {
        MergeReport report = merge(model("base", DType.F32), moved(model("instruct", DType.F32), 0.1),
                model("tuned", DType.F32));
        assertTrue(aboutTheVector(report).getFirst().startsWith("tuned and base hold the same weights"),
                report.notes().toString());
    }
}
