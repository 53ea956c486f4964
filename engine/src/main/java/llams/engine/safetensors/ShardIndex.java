package llams.engine.safetensors;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.io.Json;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `model.safetensors.index.json`: `{"metadata": {"total_size": bytes}, "weight_map": {tensor: shard file}}`.
final class ShardIndex {
    private static final long MAX_BYTES = 50_000_000;

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private ShardIndex() {}

    /// Tensor to shard. Every shard is a plain file name, so that no index leads out of its directory. (The file itself
    /// may be a link: download caches are made of links.)
    static Map<String, String> read(Path index) throws IOException {
        if (!Files.isRegularFile(index)) {
            throw new SafetensorsException(index, "there is no such file or directory");
        }
        long size = Files.size(index);
        if (size > MAX_BYTES) {
            throw new SafetensorsException(index, "has " + size + " bytes; an index has at most " + MAX_BYTES);
        }
        Map<String, String> weightMap = null;
        try (InputStream in = withoutByteOrderMark(Files.newInputStream(index));
                JsonParser parser = HeaderParser.parser(in)) {
            try {
                if (parser.nextToken() != JsonToken.START_OBJECT) {
                    throw new SafetensorsException(index, "is not a JSON object");
                }
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    boolean wanted = parser.currentName().equals("weight_map");
                    JsonToken value = parser.nextToken();
                    if (wanted && weightMap != null) {
                        throw new SafetensorsException(index, "has \"weight_map\" twice");
                    }
                    if (wanted && value == JsonToken.START_OBJECT) {
                        weightMap = readWeightMap(index, parser);
                    } else {
                        parser.skipChildren();
                    }
                }
            } catch (JacksonException e) {
                HeaderParser.rethrowUnreadable(index, e);
                TokenStreamLocation at = parser.currentLocation();
                throw new SafetensorsException(index, "is not valid JSON near line " + at.getLineNr() + ", column "
                        + at.getColumnNr() + ": " + Json.reason(e), e);
            }
        }
        if (weightMap == null) {
            throw new SafetensorsException(index, "has no object \"weight_map\"");
        }
        return weightMap;
    }

    private static InputStream withoutByteOrderMark(InputStream file) throws IOException {
        InputStream in = new BufferedInputStream(file);
        in.mark(BYTE_ORDER_MARK.length);
        if (!Arrays.equals(in.readNBytes(BYTE_ORDER_MARK.length), BYTE_ORDER_MARK)) {
            in.reset();
        }
        return in;
    }

    private static Map<String, String> readWeightMap(Path index, JsonParser parser) throws SafetensorsException {
        Map<String, String> weightMap = new LinkedHashMap<>();
        Map<String, String> shards = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw new SafetensorsException(index, "weight_map gives no file name for \"" + name + "\"");
            }
            String shard = parser.getString();
            if (shard.isEmpty() || shard.equals(".") || shard.equals("..")
                    || shard.chars().anyMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')) {
                throw new SafetensorsException(index, "weight_map puts \"" + name + "\" into \"" + shard
                        + "\"; a shard must be a plain file name beside the index");
            }
            // Thousands of tensors share a shard, and should share its name.
            if (weightMap.put(name, shards.computeIfAbsent(shard, s -> s)) != null) {
                throw new SafetensorsException(index, "weight_map has \"" + name + "\" twice");
            }
            if (weightMap.size() > HeaderParser.MAX_ENTRIES) {
                throw new SafetensorsException(index, "weight_map has more than " + HeaderParser.MAX_ENTRIES
                        + " tensors; this program reads no more from one model");
            }
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
