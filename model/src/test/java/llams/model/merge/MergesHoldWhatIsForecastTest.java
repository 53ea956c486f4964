package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;
import llams.engine.OtherJvm;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.events.Event;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/// A merge needs the memory that it says it will, while its models are many times as large: a JVM whose heap is too small
/// for the largest tensor does them.
class MergesHoldWhatIsForecastTest {
    /// The largest tensor is 17 MB as it is stored, twice as much in F32.
    private static final LlamaConfig CONFIG = LlamaConfig.standard(1024, 64, 1, 16, 2, 8192)
            .withTied(true)
            .withMetadata(LlamaConfig.Metadata.standard().withDtype("bfloat16"));
    /// Heap of Java itself and of what the program reads beside weights.
    private static final long JAVA_HEAP_BYTES = 16L << 20;
    private static final int EVERY = 32;
    /// Buffers of files.
    private static final long FILE_BYTES = 1L << 20;

    @TempDir
    Path temporary;

    private interface Work {
        void run(Path out, ByteProgress progress) throws IOException;
    }

    /// What the other JVM does, with the directory of the models: prints the most memory outside of the heap and what is
    /// forecast.
    static final class Show {
        public static void main(String[] args) throws IOException {
            Path at = Path.of(args[0]);
            Path base = at.resolve("base");
            MergeConfig.Source one = new MergeConfig.Source(at.resolve("one"), Map.of());
            MergeConfig.Source two = new MergeConfig.Source(at.resolve("two"), Map.of());
            MergeConfig ties = MergeConfig.of(Method.TIES, base, List.of(one, two),
                    Map.of("weight", new Setting.Constant(0.5), "density", new Setting.Constant(0.5)));
            Path adapter = at.resolve("adapter");
            show(at.resolve("folded"), AdapterMerge.memoryBytes(CONFIG, AdapterFiles.layout(adapter)),
                    (out, progress) -> AdapterMerge.merge(base, adapter, out, progress));
            show(at.resolve("vector"), ChatVector.memoryBytes(),
                    (out, progress) -> ChatVector.merge(base, at.resolve("one"), at.resolve("two"), out,
                            new ChatVector.Options(1, ChatVector.Vocabulary.STRICT, Map.of()), progress));
            show(at.resolve("ties"), ModelMerge.memoryBytes(3),
                    (out, progress) -> ModelMerge.merge(ties, out, progress));
        }

        private static void show(Path out, long forecast, Work work) throws IOException {
            long[] most = {0, 0};
            work.run(out, (_, _) -> {
                if (most[1]++ % EVERY == 0) {
                    most[0] = Math.max(most[0], outsideOfTheHeap());
                }
            });
            System.out.println(out.getFileName() + " " + most[0] + " " + forecast);
        }

        /// Bytes that the program has allocated there, as Java counts them itself.
        private static long outsideOfTheHeap() {
            try {
                String summary = (String) ManagementFactory.getPlatformMBeanServer()
                        .invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmNativeMemory",
                                new Object[] {new String[] {"summary", "scale=b"}},
                                new String[] {String[].class.getName()});
                Matcher other = Pattern.compile("Other \\(reserved=(\\d+)").matcher(summary);
                return other.find() ? Long.parseLong(other.group(1)) : 0;
            } catch (JMException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private void model(String name, int scale) throws IOException {
        Path directory = Files.createDirectory(temporary.resolve(name));
        Files.write(directory.resolve("config.json"), ConfigJson.text(CONFIG).getBytes(StandardCharsets.UTF_8));
        List<TensorInfo> plan = NewModel.plan(CONFIG);
        try (Arena arena = Arena.ofConfined();
                SafetensorsWriter writer = SafetensorsWriter.model(directory, plan, Map.of(), Long.MAX_VALUE)) {
            MemorySegment block = arena.allocate(1 << 16);
            for (int i = 0; i < block.byteSize(); i++) {
                // Numbers of BF16 around 1.
                block.set(ValueLayout.JAVA_BYTE, i, (byte) (i % 2 == 0 ? i * scale : 0x3f));
            }
            for (TensorInfo info : plan) {
                for (long at = 0; at < info.bytes(); at += block.byteSize()) {
                    writer.append(info.name(), block.asSlice(0, Math.min(block.byteSize(), info.bytes() - at)));
                }
            }
            writer.finish();
        }
    }

    @Test
    void inASmallHeap() throws Exception {
        model("base", 3);
        model("one", 5);
        model("two", 7);
        try (Arena arena = Arena.ofConfined(); LlamaWeights base = LlamaWeights.open(temporary.resolve("base"))) {
            Adapter adapter = Adapter.create(arena, LoraConfig.standard().withRank(64), CONFIG, 1);
            Path directory = Files.createDirectory(temporary.resolve("adapter"));
            AdapterFiles.write(directory, adapter, adapter.tensors(), base);
        }
        long heap = JAVA_HEAP_BYTES + ModelMerge.memoryBytes(3);
        OtherJvm.Run run = OtherJvm.run(
                List.of("--add-modules=jdk.incubator.vector", "-Xmx" + heap, "-XX:NativeMemoryTracking=summary"),
                List.of(ModelMerge.class, LlamaWeights.class, Tokenizer.class, JsonMapper.class, JsonGenerator.class,
                        JsonFormat.class, Event.class),
                Show.class, temporary.toString());
        assertEquals(0, run.exitCode(), run.output());
        List<String> lines = run.output().lines().filter(line -> !line.startsWith("WARNING")).toList();
        assertEquals(3, lines.size(), run.output());
        for (String line : lines) {
            String[] words = line.split(" ");
            assertTrue(Long.parseLong(words[1]) <= Long.parseLong(words[2]) + FILE_BYTES, run.output());
        }
    }
}
