package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Index and shards must tell the same story.
class LyingIndexTest {
    @TempDir
    Path directory;

    private void shard(String file, String... names) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : names) {
                tensors.put(name, Tensor.of(arena, Shape.of(1), 1f));
            }
            SafetensorsWriter.writeFile(directory.resolve(file), tensors, Map.of());
        }
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(directory.resolve(Checkpoint.INDEX),
                "{\"metadata\":{\"total_size\":8},\"weight_map\":" + weightMap + "}");
    }

    private void refused(String... parts) {
        refused(directory, parts);
    }

    private static void refused(Path path, String... parts) {
        String message = assertThrows(SafetensorsException.class, () -> Checkpoint.open(path).close()).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
    }

    @Test
    void agreementIsAccepted() throws IOException {
        shard("one.safetensors", "a");
        shard("two.safetensors", "b", "c");
        index("{\"c\":\"two.safetensors\",\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        for (Path path : new Path[] {directory, directory.resolve(Checkpoint.INDEX)}) {
            try (Checkpoint checkpoint = Checkpoint.open(path)) {
                assertEquals(Set.of("a", "b", "c"), checkpoint.names());
                assertEquals(12, checkpoint.bytes());
                checkpoint.verifyUnchanged();
            }
        }
    }

    @Test
    void missingDirectory() {
        refused(directory.resolve("absent"), "absent", "no such file");
    }

    @Test
    void directoryWithoutWeights() throws IOException {
        refused("has neither model.safetensors nor model.safetensors.index.json");
        Files.createFile(directory.resolve("pytorch_model.bin"));
        refused("only pytorch_model.bin");
    }

    @Test
    void adapterInsteadOfAModel() throws IOException {
        shard("adapter_model.safetensors", "a");
        refused("holds an adapter");
    }

    @Test
    void pickleInsteadOfSafetensors() throws IOException {
        refused(Files.createFile(directory.resolve("consolidated.00.pth")), "consolidated.00.pth", "pickle");
    }

    @Test
    void absentShard() throws IOException {
        shard("one.safetensors", "a");
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        refused(Checkpoint.INDEX, "names the shard two.safetensors, which is not there");
    }

    @Test
    void absentTensor() throws IOException {
        shard("one.safetensors", "a");
        index("{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\"}");
        refused("says that \"b\" is in one.safetensors, but it is in no shard");
    }

    @Test
    void tensorInAnotherShard() throws IOException {
        shard("one.safetensors", "a");
        shard("two.safetensors", "b", "c");
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\",\"c\":\"one.safetensors\"}");
        refused("says that \"c\" is in one.safetensors, but it is in two.safetensors");
    }

    @Test
    void tensorInTwoShards() throws IOException {
        shard("one.safetensors", "a", "c");
        shard("two.safetensors", "b", "c");
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\",\"c\":\"one.safetensors\"}");
        refused("\"c\" is in two shards, one.safetensors and two.safetensors");
    }

    @Test
    void tensorThatIsNotNamed() throws IOException {
        shard("one.safetensors", "a", "b");
        index("{\"a\":\"one.safetensors\"}");
        refused("does not name \"b\", which is in one.safetensors");
    }

    @Test
    void tensorNamedTwice() throws IOException {
        shard("one.safetensors", "a");
        index("{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}");
        refused("twice", "\"a\"");
    }

    @Test
    void pathOutOfTheDirectory() throws IOException {
        for (String escape : new String[] {"../../x", "/etc/passwd", "sub/x.safetensors", "..", ".", "", "C:x",
                "..\\\\x"}) {
            index("{\"a\":\"" + escape + "\"}");
            refused("weight_map puts \"a\" into", "plain file name beside the index");
        }
    }

    @Test
    void linkedShardIsAccepted() throws IOException {
        Path blobs = Files.createDirectory(directory.resolve("blobs"));
        shard("blobs/1234", "a");
        Files.createSymbolicLink(directory.resolve("one.safetensors"), blobs.resolve("1234"));
        index("{\"a\":\"one.safetensors\"}");
        Checkpoint.open(directory).close();
    }

    @Test
    void brokenLink() throws IOException {
        Files.createSymbolicLink(directory.resolve("one.safetensors"), directory.resolve("absent"));
        index("{\"a\":\"one.safetensors\"}");
        refused("names the shard one.safetensors, which is not there");
    }

    @Test
    void shardThatIsNoString() throws IOException {
        index("{\"a\":1}");
        refused("no file name for \"a\"");
    }

    @Test
    void noWeightMap() throws IOException {
        Files.writeString(directory.resolve(Checkpoint.INDEX), "{\"metadata\":{}}");
        refused("has no object \"weight_map\"");
        index("[]");
        refused("has no object \"weight_map\"");
    }

    @Test
    void brokenJson() throws IOException {
        Files.writeString(directory.resolve(Checkpoint.INDEX), "{\"weight_map\":{\"a\"");
        refused(Checkpoint.INDEX, "is not valid JSON");
        Files.writeString(directory.resolve(Checkpoint.INDEX), "[]");
        refused("is not a JSON object");
    }

    @Test
    void corruptedShardIsNamed() throws IOException {
        shard("one.safetensors", "a");
        Files.write(directory.resolve("two.safetensors"), new byte[30]);
        index("{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}");
        refused("two.safetensors: the header at byte 8 does not start with");
    }

    @Test
    void unknownTensorIsSaid() throws IOException {
        shard("model.safetensors", "a");
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            String message = assertThrows(SafetensorsException.class, () -> checkpoint.tensor("lm_head.weight"))
                    .getMessage();
            assertTrue(message.contains("there is no tensor \"lm_head.weight\""), message);
        }
    }
}
