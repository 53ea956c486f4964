package llams.model.lora;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.engine.Fuzzed;
import llams.engine.Golden;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever an adapter's files say, they are read or refused.
@Isolated("watches the time")
class AdapterFuzzTest {
    private static LlamaWeights base;

    private static LlamaWeights base() throws IOException {
        if (base == null) {
            base = LlamaWeights.open(Golden.models().findFirst().orElseThrow().dir("f32"));
        }
        return base;
    }

    @FuzzTest
    void config(byte[] json) throws Exception {
        Fuzzed.file(AdapterFiles.CONFIG, json, path -> {
            AdapterFiles.config(path.getParent());
            AdapterFiles.baseModel(path.getParent());
        }, IOException.class);
    }

    /// The input is the header of the weights, which 4 KiB follow.
    @FuzzTest
    void weights(byte[] header) throws Exception {
        byte[] file = ByteBuffer.allocate(8 + header.length + 4096)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
        Fuzzed.file(AdapterFiles.WEIGHTS, file, path -> {
            Path config = path.resolveSibling(AdapterFiles.CONFIG);
            Files.writeString(config,
                    "{\"peft_type\": \"LORA\", \"r\": 1, \"lora_alpha\": 1, \"target_modules\": [\"k_proj\"]}");
            try (Arena arena = Arena.ofConfined()) {
                AdapterFiles.read(path.getParent(), base(), arena);
            }
        }, IOException.class);
    }
}
