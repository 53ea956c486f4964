package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.weights.NotAModelException;
import llams.model.convert.GgufImport;
import llams.model.files.ByteProgress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An adapter is trained on a GGUF file's blocks as on the weights that they stand for.
class AdapterOnGgufTest {
    private static final Path BLOCKS = Golden.ROOT.resolve("model/src/test/resources/golden2/gguf/kquant-Q4_K_M.gguf");

    @TempDir
    Path directory;

    @Test
    void blocksTrainTheSameAdapterAsDecodedWeights() throws IOException {
        Path decoded = directory.resolve("decoded");
        GgufImport.write(BLOCKS, decoded, DType.F32, ByteProgress.SILENT);
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0).withBatch(1, 1).withSteps(1);
        Path onBlocks = directory.resolve("on-blocks");
        Path onDecoded = directory.resolve("on-decoded");
        SmallRun.notes(settings, BLOCKS, onBlocks, false);
        SmallRun.notes(settings, decoded, onDecoded, false);
        try (Checkpoint expected = Checkpoint.open(onDecoded.resolve("adapter_model.safetensors"));
                Checkpoint actual = Checkpoint.open(onBlocks.resolve("adapter_model.safetensors"))) {
            assertEquals(expected.names(), actual.names());
            for (String name : expected.names()) {
                assertEquals(-1, expected.tensor(name).data().mismatch(actual.tensor(name).data()), name);
            }
        }
    }

    @Test
    void weightsInBlocksAreNotTrained() {
        IOException e = assertThrows(NotAModelException.class,
                () -> SmallRun.notes(SmallRun.settings(null, 1e-3, 1, 0), BLOCKS, directory.resolve("full"), false));
        assertTrue(e.getMessage().startsWith(BLOCKS + ": a GGUF file") && e.getMessage().contains("llams import gguf"),
                e.getMessage());
    }
}
