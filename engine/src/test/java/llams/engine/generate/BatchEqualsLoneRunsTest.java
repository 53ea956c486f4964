package llams.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Sequences that run together give the scores that each gives alone, bit for bit, whenever they come and go and whatever
/// they find in the cache.
class BatchEqualsLoneRunsTest {
    private static final LlamaConfig CONFIG = LlamaConfig.standard(64, 96, 2, 4, 2, 300);
    private static final int CONTEXT = 160;
    private static final int SLOTS = 11;

    /// A model of random weights.
    private record Random(Llama model, Map<String, Tensor> weights) {
        static Random of(DType dtype, Arena arena) {
            SplittableRandom random = new SplittableRandom(7);
            Map<String, Tensor> weights = new LinkedHashMap<>();
            Llama model = Llama.of(CONFIG, (name, dims) -> {
                DType stored = dims.length == 2 ? dtype : DType.F32;
                weights.computeIfAbsent(name, _ -> tensor(stored, Shape.of(dims), random, arena));
                return Leaf.weight(name, stored, dims);
            }, Llama.Wrap.NONE);
            return new Random(model, weights);
        }

        private static Tensor tensor(DType dtype, Shape shape, SplittableRandom random, Arena arena) {
            Tensor tensor = Tensor.allocate(arena, dtype, shape);
            float[] values = new float[Math.toIntExact(tensor.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian(shape.rank() == 1 ? 1 : 0, 0.15);
            }
            for (int i = 0; i < values.length; i++) {
                if (dtype != DType.Q8_0) {
                    tensor.setFloat(i, values[i]);
                } else if (i % Q8Block.ELEMENTS == 0) {
                    Q8Block.encode(values, i, tensor.data(), DType.Q8_0.bytes(i));
                }
            }
            return tensor;
        }

        Batch batch(int slots) {
            return new Batch(Devices.byName("cpu").with(new Options(slots == 1 ? 1 : 2)), List.of(model), weights,
                    slots, CONTEXT);
        }
    }

    /// Everything that a sequence is told.
    private static class Heard implements Batch.Listener {
        final Sampler sampler;
        final int most;
        final List<Integer> ids = new ArrayList<>();
        final List<Integer> scores = new ArrayList<>();
        final List<Integer> promptScores = new ArrayList<>();
        int found = -1;
        Generator.End end;
        RuntimeException problem;

        /// @param most tokens after which nobody waits any more
        Heard(Sampler sampler, int most) {
            this.sampler = sampler;
            this.most = most;
        }

        @Override
        public boolean isWanted() {
            return ids.size() < most;
        }

        @Override
        public void begin(int inCache) {
            found = inCache;
        }

        @Override
        public void scored(int position, float[] logits) {
            assertEquals(promptScores.size(), position);
            promptScores.add(Arrays.hashCode(logits));
        }

        @Override
        public int pick(float[] logits, int index) {
            scores.add(Arrays.hashCode(logits));
            return sampler.pick(logits, index);
        }

        @Override
        public boolean accept(int id) {
            ids.add(id);
            return true;
        }

        @Override
        public void end(Generator.End why) {
            end = why;
        }

        @Override
        public void fail(RuntimeException e) {
            problem = e;
        }
    }

    private static Batch.Request request(int[] prompt, int tokens, boolean scored, Heard heard) {
        return new Batch.Request(0, prompt, tokens, Set.of(), scored, heard);
    }

    private static void run(Batch batch) {
        while (!batch.isIdle()) {
            batch.round();
        }
    }

    private static int[] prompt(SplittableRandom random, int length) {
        return IntStream.generate(() -> random.nextInt(CONFIG.vocab())).limit(length).toArray();
    }

    private static int[] join(int[] a, int... b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }

    /// What a request gives by itself.
    private static Heard alone(Random model, int[] prompt, int tokens, boolean scored, Sampler sampler) {
        Heard heard = new Heard(sampler, Integer.MAX_VALUE);
        try (Batch batch = model.batch(1)) {
            batch.add(request(prompt, tokens, scored, heard));
            run(batch);
        }
        return heard;
    }

    @Test
    void randomArrivalsAndCancellations() {
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.Q8_0}) {
            try (Arena arena = Arena.ofShared()) {
                Random model = Random.of(dtype, arena);
                SplittableRandom random = new SplittableRandom(1);
                int[] common = prompt(random, 40);
                List<Batch.Request> requests = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    int[] own = prompt(random, 1 + random.nextInt(i % 5 == 0 ? 100 : 20));
                    int[] prompt = i % 3 == 0 ? join(common, own) : own;
                    Sampler sampler = i % 2 == 0 ? new Sampler.Greedy() : Sampler.of(1, 0, 1, 0, i);
                    int most = i % 7 == 6 ? random.nextInt(6) : Integer.MAX_VALUE;
                    int tokens = Math.min(CONTEXT - prompt.length, 1 + random.nextInt(24));
                    requests.add(request(prompt, tokens, i % 6 == 0, new Heard(sampler, most)));
                }
                try (Batch batch = model.batch(SLOTS)) {
                    int next = 0;
                    while (next < requests.size() || !batch.isIdle()) {
                        while (next < requests.size() && batch.free() > 0 && random.nextInt(3) > 0) {
                            batch.add(requests.get(next++));
                        }
                        batch.round();
                    }
                }
                for (Batch.Request request : requests) {
                    equalsLone(dtype + ", request " + requests.indexOf(request), model, request);
                }
            }
        }
    }

    private static void equalsLone(String what, Random model, Batch.Request request) {
        Heard heard = (Heard) request.listener();
        Heard lone = alone(model, request.prompt(), request.maxTokens(), request.scored(), heard.sampler);
        boolean cut = heard.end == Generator.End.CALLER;
        assertTrue(!cut || heard.ids.size() >= heard.most, what);
        int count = cut ? heard.ids.size() : lone.ids.size();
        assertEquals(lone.ids.subList(0, count), heard.ids, what);
        assertEquals(lone.scores.subList(0, count), heard.scores, what + ": scores");
        if (!cut) {
            assertEquals(lone.end, heard.end, what);
            assertEquals(lone.promptScores, heard.promptScores, what + ": the prompt's scores");
        }
    }

    @Test
    void whatPromptsHaveInCommonIsFound() {
        try (Arena arena = Arena.ofShared()) {
            Random model = Random.of(DType.F32, arena);
            SplittableRandom random = new SplittableRandom(2);
            int[] first = prompt(random, 50);
            try (Batch batch = model.batch(3)) {
                Heard one = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(first, 10, false, one));
                run(batch);
                assertEquals(0, one.found);
                // The next turn: the answer is read again, as by whoever did not generate it.
                int[] answer = one.ids.stream().mapToInt(id -> id).toArray();
                int[] second = join(join(first, answer), prompt(random, 5));
                Heard two = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(second, 10, false, two));
                Heard beside = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(join(Arrays.copyOf(first, 30), 5, 6, 7), 10, false, beside));
                Heard same = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(first, 10, false, same));
                assertEquals(0, batch.free());
                assertThrows(IllegalStateException.class, () -> batch.add(request(first, 1, false, same)));
                run(batch);
                assertEquals(List.of(50, 30, 49), List.of(two.found, beside.found, same.found));
                assertEquals(one.scores, same.scores);
                assertEquals(alone(model, second, 10, false, new Sampler.Greedy()).scores, two.scores);
                // What is looked for is the longest, and scores of a prompt need all of it.
                Heard third = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(join(second, 1), 1, false, third));
                Heard scored = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
                batch.add(request(first, 10, true, scored));
                run(batch);
                assertEquals(List.of(65, 0), List.of(third.found, scored.found));
                assertEquals(one.scores, scored.scores);
                assertEquals(49, scored.promptScores.size());
            }
        }
    }

    @Test
    void endsForItsOwnReasonAlone() {
        try (Arena arena = Arena.ofShared(); Batch batch = Random.of(DType.F32, arena).batch(4)) {
            int[] prompt = {1, 2, 3};
            Heard full = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
            batch.add(request(prompt, 1000, false, full));
            Heard nothing = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
            batch.add(request(prompt, 0, false, nothing));
            Heard broken = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE) {
                @Override
                public boolean accept(int id) {
                    throw new IllegalStateException("broken");
                }
            };
            batch.add(request(prompt, 5, false, broken));
            Heard stopped = new Heard(new Sampler.Greedy(), Integer.MAX_VALUE);
            run(batch);
            assertEquals(Generator.End.CAPACITY, full.end);
            assertEquals(CONTEXT - prompt.length + 1, full.ids.size());
            assertEquals(Generator.End.LENGTH, nothing.end);
            assertTrue(nothing.ids.isEmpty());
            assertNotNull(broken.problem);
            batch.add(new Batch.Request(0, prompt, 100, Set.of(full.ids.get(3)), false, stopped));
            run(batch);
            assertEquals(Generator.End.STOP_ID, stopped.end);
            assertEquals(full.ids.subList(0, full.ids.indexOf(full.ids.get(3))), stopped.ids);
            assertThrows(IllegalArgumentException.class,
                    () -> batch.add(request(new int[CONTEXT + 1], 1, false, stopped)));
            assertThrows(IllegalArgumentException.class, () -> batch.add(request(new int[0], 1, false, stopped)));
        }
    }
}
