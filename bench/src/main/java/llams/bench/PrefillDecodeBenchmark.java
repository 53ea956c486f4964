package llams.bench;

import java.util.Locale;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.trainer.measure.RandomModel;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// Generating with a model: reading a prompt (`prefill`), and token by token from an empty context (`decode`), which is
/// what `llama-bench` calls pp and tg.
public class PrefillDecodeBenchmark {
    public abstract static class Generating extends OnCpu {
        private static final int CHECKED_TOKENS = 12;
        private static final double TOLERANCE = 1e-3;

        @Param({"60M", "1B"})
        public String shape;

        @Param({"bf16", "q8_0", "f32"})
        public String dtype;

        Generator generator;
        LlamaConfig config;
        double weightBytes;

        void open(int capacity) {
            config = RandomModel.config(shape);
            DType type = DType.valueOf(dtype.toUpperCase(Locale.ROOT));
            check(RandomModel.create(arena, RandomModel.small(config), type));
            RandomModel weights = RandomModel.create(arena, config, type);
            weightBytes = RandomModel.multipliedWeights(config) * type.blockBytes / type.blockElements;
            generator = weights.generator(cpu, capacity);
        }

        /// A prompt and two tokens more give the same scores as the plain loops.
        private void check(RandomModel small) {
            float[][] fast = scores(cpu, small);
            float[][] plain = scores(scalar, small);
            for (int i = 0; i < plain.length; i++) {
                for (int j = 0; j < plain[i].length; j++) {
                    Close.check("score " + j + " after prompt and " + i + " tokens", fast[i][j], plain[i][j],
                            TOLERANCE);
                }
            }
        }

        private static float[][] scores(Device device, RandomModel small) {
            int[] ids = RandomModel.ids(CHECKED_TOKENS, small.config().vocab());
            try (Generator generator = small.generator(device, CHECKED_TOKENS + 2)) {
                return new float[][] {generator.append(ids).clone(), generator.append(1).clone(),
                        generator.append(2).clone()};
            }
        }

        @Override
        void close() {
            generator.close();
        }
    }

    public static class Prompt extends Generating {
        @Param("512")
        public int tokens;

        private int[] ids;

        @Override
        void open() {
            open(tokens);
            ids = RandomModel.ids(tokens, config.vocab());
        }
    }

    public static class TokenByToken extends Generating {
        /// Tokens until the context is emptied again.
        @Param("128")
        public int tokens;

        @Override
        void open() {
            open(tokens);
        }
    }

    @Benchmark
    public float[] prefill(Prompt prompt, Work work) {
        prompt.generator.reset();
        float[] scores = prompt.generator.append(prompt.ids);
        // Scores are made for the last token only.
        double head = (double) prompt.config.vocab() * prompt.config.dim();
        work.add(2 * prompt.tokens * (RandomModel.multipliedWeights(prompt.config) - head) + 2 * head
                + RandomModel.attentionFlops(prompt.config, prompt.tokens), prompt.weightBytes, prompt.tokens);
        return scores;
    }

    @Benchmark
    public float[] decode(TokenByToken run, Work work) {
        if (run.generator.position() == run.tokens) {
            run.generator.reset();
        }
        float[] scores = run.generator.append(1);
        work.add(2 * RandomModel.multipliedWeights(run.config), run.weightBytes, 1);
        return scores;
    }
}
