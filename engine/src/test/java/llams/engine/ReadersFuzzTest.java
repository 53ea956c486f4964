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
import llams.engine.weights.SamplingDefaults;

/// Whatever stands in a model's files, it is read or refused.
class ReadersFuzzTest {
    private static final LlamaConfig CONFIG = new LlamaConfig(8, 8, 1, 2, 2, 4, 8, 1e-5f, 1e4, null, 8, true, 1, 1,
            java.util.List.of(2), null);

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
        Fuzzed.file("config.json", json, path -> LlamaConfig.readFile(path).toJson(), IOException.class);
    }

    @FuzzTest
    void generationConfig(byte[] json) throws Exception {
        Fuzzed.file("generation_config.json", json, path -> {
            CONFIG.stopIds(path.getParent());
            SamplingDefaults.read(path.getParent()).toString();
        }, IOException.class);
    }

    @FuzzTest
    void smallJson(byte[] json) throws Exception {
        Fuzzed.file("small.json", json, path -> Json.readObject(path).toString(), IOException.class);
    }
}
