package llams.bench;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.generate.Generator;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.safetensors.TensorFile;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.trainer.measure.RandomModel;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// From a model's files to its first token, the files being in the system's cache.
public class LoadBenchmark {
    public static class OnDisk extends OnCpu {
        private static final int CHECKED_BYTES = 4096;
        private static final int PROMPT_TOKENS = 8;

        /// A model's directory, or `60M` for one with random weights, made for the time of the measurement.
        @Param("60M")
        public String shape;

        private Path directory;
        private Path temporary;
        private int[] prompt;

        @Override
        void open() throws IOException {
            temporary = Files.createTempDirectory("llams-bench");
            directory = Path.of(shape);
            if (!Files.isDirectory(directory)) {
                directory = temporary.resolve("model");
                LlamaConfig config = RandomModel.config(shape);
                NewModel.write(config.withMetadata(config.metadata().withDtype("bfloat16")), 0, null, directory,
                        (done, total) -> {});
            }
            prompt = RandomModel.ids(PROMPT_TOKENS, ConfigJson.read(directory).vocab());
            try (LlamaWeights weights = LlamaWeights.open(directory)) {
                for (TensorFile file : weights.checkpoint.files) {
                    check((SafetensorsFile) file);
                }
            }
        }

        /// What is mapped is what reading the file gives.
        private static void check(SafetensorsFile file) throws IOException {
            try (FileChannel channel = FileChannel.open(file.path)) {
                for (SafetensorsFile.Entry entry : file.entries().values()) {
                    MemorySegment mapped = file.tensor(entry.info().name()).data();
                    ByteBuffer read = ByteBuffer.allocate((int) Math.min(CHECKED_BYTES, mapped.byteSize()));
                    channel.read(read, entry.begin());
                    for (int i = 0; i < read.capacity(); i++) {
                        Close.check(entry.info().name() + ", byte " + i, mapped.get(ValueLayout.JAVA_BYTE, i),
                                read.get(i), 0);
                    }
                }
            }
        }

        @Override
        void close() throws IOException {
            List<Path> all;
            try (Stream<Path> walk = Files.walk(temporary)) {
                all = walk.sorted(Comparator.reverseOrder()).toList();
            }
            for (Path path : all) {
                Files.delete(path);
            }
        }
    }

    /// Opens and checks the files' headers; no weight is read.
    @Benchmark
    public Object open(OnDisk model) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model.directory)) {
            return weights.model();
        }
    }

    /// Opens the model and reads every byte of its weights, on one thread.
    @Benchmark
    public long read(OnDisk model, Work work) throws IOException {
        long sum = 0;
        try (LlamaWeights weights = LlamaWeights.open(model.directory)) {
            for (Tensor tensor : weights.resident().values()) {
                MemorySegment data = tensor.data();
                long words = data.byteSize() / Long.BYTES;
                for (long i = 0; i < words; i++) {
                    sum += data.get(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES);
                }
            }
            work.add(0, weights.checkpoint.bytes(), 0);
        }
        return sum;
    }

    /// Opens the model, records and plans its program, and runs a prompt of eight tokens.
    @Benchmark
    public float[] firstToken(OnDisk model, Work work) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model.directory);
                Generator generator = new Generator(model.cpu, weights.model(), weights.resident(),
                        OnDisk.PROMPT_TOKENS + 1)) {
            work.add(0, weights.checkpoint.bytes(), 0);
            return generator.append(model.prompt);
        }
    }
}
