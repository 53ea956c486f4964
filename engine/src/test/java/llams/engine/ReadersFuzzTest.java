package llams.engine;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import llams.engine.io.Json;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsException;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.SamplingDefaults;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever stands in a model's files, it is read or refused.
@Isolated("watches the time")
class ReadersFuzzTest {
    private static final LlamaConfig CONFIG = LlamaConfig.standard(8, 8, 1, 2, 2, 8)
            .withRope(1e4, null)
            .withMaxPositions(8)
            .withTied(true)
            .withMetadata(LlamaConfig.Metadata.standard().withInitializerRange(1).withIds(1, java.util.List.of(2)));

    /// The whole file is the input.
    @FuzzTest
    void safetensorsFile(byte[] file) throws Exception {
        Fuzzed.file("model.safetensors", file, path -> {
            try (SafetensorsFile open = SafetensorsFile.open(path)) {
                open.entries().keySet().forEach(open::tensor);
            }
        }, SafetensorsException.class);
    }

    /// The input is the header's JSON, so that no time is lost with lengths; 64 bytes of data follow it.
    @FuzzTest
    void safetensorsHeader(byte[] json) throws Exception {
        byte[] file = ByteBuffer.allocate(8 + json.length + 64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .array();
        safetensorsFile(file);
    }

    @FuzzTest
    void shardIndex(byte[] json) throws Exception {
        Fuzzed.file("model.safetensors.index.json", json, path -> Checkpoint.open(path).close(),
                SafetensorsException.class);
    }

    @FuzzTest
    void config(byte[] json) throws Exception {
        Fuzzed.file("config.json", json, path -> ConfigJson.text(ConfigJson.readFile(path)), IOException.class);
    }

    @FuzzTest
    void generationConfig(byte[] json) throws Exception {
        Fuzzed.file("generation_config.json", json, path -> {
            ConfigJson.stopIds(CONFIG, path.getParent());
            SamplingDefaults.read(path.getParent()).toString();
        }, IOException.class);
    }

    @FuzzTest
    void smallJson(byte[] json) throws Exception {
        Fuzzed.file("small.json", json, path -> Json.readObject(path).toString(), IOException.class);
    }
}
