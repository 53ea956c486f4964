package llams.engine.generate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Value;
import llams.engine.llama.KvCache;
import llams.engine.llama.Llama;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.llama.Wanted;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Continues sequences with a KV cache: the prompt in chunks, then token by token. The same model code serves both,
/// recorded for different token counts.
public final class Generator implements AutoCloseable {
    /// Why a continuation ended.
    public enum End {
        STOP_ID, LENGTH, CAPACITY, CALLER
    }

    /// A continuation and what it cost.
    ///
    /// @param ids the new tokens, without the stop id
    public record Continuation(int[] ids, End end, int promptTokens, long prefillNanos, long decodeNanos) {
        public double prefillTokensPerSecond() {
            return promptTokens * 1e9 / prefillNanos;
        }

        /// Speed after the first token, which belongs to the prefill.
        public double decodeTokensPerSecond() {
            return (ids.length - 1) * 1e9 / decodeNanos;
        }
    }

    /// Sees each new token; returns false to end the continuation.
    @FunctionalInterface
    public interface Listener {
        boolean accept(int id);

        /// A listener that never ends it.
        static Listener of(IntConsumer consumer) {
            return id -> {
                consumer.accept(id);
                return true;
            };
        }
    }

    private static final int CHUNK = 512;

    private final Llama model;
    private final KvCache cache;
    private final int positions;
    private final Session session;
    private final Runnable release;
    private final Map<Integer, Executable> programs = new HashMap<>();
    private final float[] logits;
    private int position;

    /// @param weights  the model's tensors by leaf name
    /// @param capacity tokens of prompt and continuation together
    /// @throws IllegalArgumentException if the model allows fewer
    public Generator(Device device, Llama model, Map<String, Tensor> weights, int capacity) {
        int allowed = model.config().maxPositions();
        if (capacity < 1 || capacity > allowed) {
            throw new IllegalArgumentException("a sequence of " + capacity + " tokens is longer than the model allows: "
                    + allowed + " (max_position_embeddings)");
        }
        this.model = model;
        this.cache = new KvCache(model.config(), capacity);
        this.positions = capacity;
        Arena arena = Arena.ofShared();
        Map<String, Tensor> resident = new LinkedHashMap<>(weights);
        resident.putAll(cache.allocate(arena));
        resident.put(RopeTable.NAME, RopeTable.create(arena, model.config(), positions));
        this.session = device.open(resident);
        this.release = () -> {
            session.close();
            arena.close();
        };
        this.logits = new float[model.config().vocab()];
    }

    /// Continues sequences inside a session that has the model's tensors, the cache and a rotary table of `positions`,
    /// with the contents they have at each call. The session stays the caller's.
    ///
    /// @param positions at least the cache's capacity
    public Generator(Session session, Llama model, KvCache cache, int positions) {
        this.model = model;
        this.cache = cache;
        this.positions = positions;
        this.session = session;
        this.release = () -> {};
        this.logits = new float[model.config().vocab()];
    }

    /// Bytes that a run with these settings needs, before anything is allocated.
    public static Program.Memory memory(Llama model, int capacity, int promptTokens) {
        return program(model, capacity, promptTokens).memory();
    }

    /// What reads a prompt, or its first part if that is long, or with one token continues it.
    public static Program program(Llama model, int capacity, int promptTokens) {
        return program(model, new KvCache(model.config(), capacity), capacity, Math.min(CHUNK, promptTokens));
    }

    /// Forgets the sequence so far.
    public void reset() {
        position = 0;
    }

    /// Forgets all but the first tokens of the sequence.
    ///
    /// @throws IllegalArgumentException if it has fewer
    public void rewind(int tokens) {
        if (tokens < 0 || tokens > position) {
            throw new IllegalArgumentException(
                    "the sequence has " + position + " tokens; it cannot go back to " + tokens);
        }
        position = tokens;
    }

    /// Tokens of the sequence so far.
    public int position() {
        return position;
    }

    /// Appends tokens to the sequence and returns the scores of the next one, `[vocab]`: always the same array, which
    /// the next call overwrites.
    ///
    /// @throws IllegalArgumentException if there are none, an id is not in the vocabulary, or they exceed the capacity
    public float[] append(int... ids) {
        check(ids);
        for (int from = 0; from < ids.length; from += CHUNK) {
            int tokens = Math.min(CHUNK, ids.length - from);
            Executable step = programs.computeIfAbsent(tokens,
                    count -> session.compile(program(model, cache, positions, count)));
            Sequence.fill(step, Arrays.copyOfRange(ids, from, from + tokens), position);
            if (tokens > 1) {
                Wanted.fill(step, tokens - 1, position + tokens - 1);
            }
            step.run();
            position += tokens;
            if (from + tokens == ids.length) {
                MemorySegment.copy(step.output("logits").data(), Tensor.F32, 0, logits, 0, logits.length);
            }
        }
        return logits;
    }

    /// Checks that [#append] would take these tokens.
    ///
    /// @throws IllegalArgumentException if not
    public void check(int[] ids) {
        check(ids, model.config().vocab());
        if (position + ids.length > cache.capacity()) {
            throw new IllegalArgumentException("the sequence has " + position + " tokens and " + ids.length
                    + " more do not fit into its " + cache.capacity());
        }
    }

    /// Checks that there are ids, and that a vocabulary has all of them.
    ///
    /// @throws IllegalArgumentException if not
    public static void check(int[] ids, int vocab) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("the prompt is empty; give at least one token");
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocab) {
                throw new IllegalArgumentException(
                        "id " + ids[i] + " at place " + i + " is not in the vocabulary of " + vocab);
            }
        }
    }

    /// Appends the prompt and continues it.
    ///
    /// @param stops    ids that end the continuation; they are not part of it
    /// @param listener called with each new token as it is picked
    public Continuation generate(int[] prompt, int maxTokens, Sampler sampler, Set<Integer> stops, Listener listener) {
        long start = System.nanoTime();
        float[] logits = append(prompt);
        long prefillNanos = System.nanoTime() - start;
        int[] ids = new int[maxTokens];
        int count = 0;
        End end = End.LENGTH;
        while (count < maxTokens) {
            int id = sampler.pick(logits, count);
            if (stops.contains(id)) {
                end = End.STOP_ID;
                break;
            }
            ids[count++] = id;
            if (!listener.accept(id)) {
                end = End.CALLER;
                break;
            }
            if (position == cache.capacity() && count < maxTokens) {
                end = End.CAPACITY;
                break;
            }
            if (count < maxTokens) {
                logits = append(id);
            }
        }
        return new Continuation(Arrays.copyOf(ids, count), end, prompt.length, prefillNanos,
                System.nanoTime() - start - prefillNanos);
    }

    private static Program program(Llama model, KvCache cache, int positions, int tokens) {
        Graph g = new Graph();
        Sequence at = Sequence.of(model.config(), tokens, positions, 0);
        Wanted wanted = tokens == 1 ? Wanted.all(at) : Wanted.one(at);
        Value hidden = model.forward(g, Sequence.ids(tokens), at, cache, wanted);
        return Program.of(g, Map.of("logits", model.logits(g, hidden)));
    }

    @Override
    public void close() {
        release.run();
    }
}
