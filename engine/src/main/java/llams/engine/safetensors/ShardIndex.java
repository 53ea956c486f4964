package llams.engine.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `model.safetensors.index.json`: `{"metadata": {"total_size": bytes}, "weight_map": {tensor: shard file}}`.
final class ShardIndex {
    private ShardIndex() {
    }

    /// Tensor to shard. Every shard is a plain file name, so that no index leads out of its directory. (The file itself may
    /// be a link: download caches are made of links.)
    static Map<String, String> read(Path index) throws IOException {
        if (!Files.isRegularFile(index)) {
            throw new SafetensorsException(index, "there is no such file or directory");
        }
        long size = Files.size(index);
        if (size > Header.MAX_BYTES) {
            throw new SafetensorsException(index, "has " + size + " bytes; an index has at most " + Header.MAX_BYTES);
        }
        Map<String, String> weightMap = null;
        try (JsonParser parser = HeaderParser.JSON.createParser(ObjectReadContext.empty(), Files.readAllBytes(index))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new SafetensorsException(index, "is not a JSON object");
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                boolean wanted = parser.currentName().equals("weight_map");
                JsonToken value = parser.nextToken();
                if (wanted && value == JsonToken.START_OBJECT) {
                    weightMap = readWeightMap(index, parser);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JacksonException e) {
            long offset = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
            throw new SafetensorsException(index, "is not valid JSON" + (offset < 0 ? "" : " near byte " + offset) + ": "
                    + e.getOriginalMessage(), e);
        }
        if (weightMap == null) {
            throw new SafetensorsException(index, "has no object \"weight_map\"");
        }
        return weightMap;
    }

    private static Map<String, String> readWeightMap(Path index, JsonParser parser) throws SafetensorsException {
        Map<String, String> weightMap = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw new SafetensorsException(index, "weight_map gives no file name for \"" + name + "\"");
            }
            String shard = parser.getString();
            if (shard.isEmpty() || shard.equals(".") || shard.equals("..") || shard.chars().anyMatch(
                    c -> c == '/' || c == '\\' || c == ':' || c < ' ')) {
                throw new SafetensorsException(index, "weight_map puts \"" + name + "\" into \"" + shard
                        + "\"; a shard must be a plain file name beside the index");
            }
            weightMap.put(name, shard);
        }
        return weightMap;
    }

    /// The bytes of an index file.
    static byte[] encode(Map<String, String> weightMap, long totalSizeBytes) {
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", Map.of("total_size", totalSizeBytes));
        index.put("weight_map", weightMap);
        return JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsBytes(index);
    }
}
