package llams.engine;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import llams.engine.gguf.GgufConfig;
import llams.engine.gguf.GgufException;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufValue;
import llams.engine.io.Json;
import llams.engine.llama.LlamaConfig;
import llams.engine.pth.PthException;
import llams.engine.pth.PthFile;
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

    /// The whole file is the input; every text and array in it is looked at.
    @FuzzTest
    void gguf(byte[] file) throws Exception {
        Fuzzed.file("model.gguf", file, path -> {
            try (GgufFile open = GgufFile.open(path)) {
                for (String name : open.entries.keySet()) {
                    open.tensor(name);
                }
                for (GgufValue value : open.metadata.values().values()) {
                    if (value instanceof GgufValue.Array array && array.type() == GgufValue.Type.STRING) {
                        array.texts();
                    }
                }
                GgufConfig.read(open);
            }
        }, GgufException.class);
    }

    @FuzzTest
    void pth(byte[] file) throws Exception {
        Fuzzed.file("consolidated.00.pth", file, path -> PthFile.open(path).close(), PthException.class);
    }

    /// The input is the pickle, in a file around it.
    @FuzzTest
    void pickle(byte[] pickle) throws Exception {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(file)) {
            stored(zip, "x/data.pkl", pickle);
            stored(zip, "x/data/0", new byte[64]);
        }
        pth(file.toByteArray());
    }

    private static void stored(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 sum = new CRC32();
        sum.update(content);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
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
