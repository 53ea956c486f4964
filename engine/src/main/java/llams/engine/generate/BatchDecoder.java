package llams.engine.generate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.KvCache;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.llama.Wanted;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Reads prompts into the slots of one cache, and continues them together.
///
/// What a sequence's tokens give depends on that sequence alone, bit for bit, whatever else runs. For products of few
/// rows and of many are computed by different kernels, whose sums differ in their last bits, but in each of them a row is
/// the same whatever the number of rows. So prompts are always read by the kernels for many, one prompt at a time, and
/// filled up to a number that these take; and what is generated is always computed by those for few.
final class BatchDecoder implements AutoCloseable {
    /// Sequences that are continued in one run, at most.
    static final int FEW = 8;
    /// Tokens that are read in one run: a prompt's last are filled up to one of these.
    private static final int[] CHUNKS = {16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
    /// The same where the scores of each token are wanted, which take more memory.
    private static final int[] SCORED_CHUNKS = {16, 32};
    /// Rows that are copied in one run.
    private static final int COPIED = 128;
    private static final Leaf FROM = Leaf.input("from", DType.I32, COPIED);
    private static final Leaf TO = Leaf.input("to", DType.I32, COPIED);

    private enum Kind {
        READ, SCORE, CONTINUE
    }

    private record Key(int model, Kind kind, int tokens) {}

    /// Takes the scores of the token after each token of a prompt but the last.
    @FunctionalInterface
    interface Scores {
        /// @param logits `[vocab]`, which the next call overwrites
        void accept(int position, float[] logits);
    }

    private final List<Llama> models;
    private final LlamaConfig config;
    private final KvCache cache;
    private final int context;
    private final Session session;
    private final Arena arena;
    private final Map<Key, Executable> programs = new HashMap<>();
    private final Executable copy;
    private final List<Slot> slots = new ArrayList<>();
    private long uses;

    /// @param models  of one shape, whose leaves are all among `weights`
    /// @param context tokens of a sequence at most
    BatchDecoder(Device device, List<Llama> models, Map<String, Tensor> weights, int slots, int context) {
        this.models = List.copyOf(models);
        this.config = models.getFirst().config();
        this.context = context;
        this.cache = cache(config, slots, context);
        this.arena = Arena.ofShared();
        Map<String, Tensor> resident = new LinkedHashMap<>(weights);
        resident.putAll(cache.allocate(arena));
        resident.put(RopeTable.NAME, RopeTable.create(arena, config, context));
        this.session = device.open(resident);
        for (int i = 0; i < slots; i++) {
            this.slots.add(new Slot(i * context, context, config.vocab()));
        }
        Graph g = new Graph();
        cache.copy(g, FROM, TO);
        this.copy = session.compile(Program.of(g, Map.of()));
    }

    /// The slots' rows, and one for what fills programs up.
    private static KvCache cache(LlamaConfig config, int slots, int context) {
        return new KvCache(config, Math.toIntExact((long) slots * context + 1));
    }

    static Program.Memory memory(Llama model, int slots, int context) {
        KvCache cache = cache(model.config(), slots, context);
        Program.Memory reading = program(model, cache, context, Kind.READ, chunk(CHUNKS, context)).memory();
        Program.Memory scoring = program(model, cache, context, Kind.SCORE, SCORED_CHUNKS[SCORED_CHUNKS.length - 1])
                .memory();
        return new Program.Memory(reading.weights(), reading.state(),
                Math.max(reading.temporaries(), scoring.temporaries()));
    }

    /// A slot for a prompt, which holds as much of its beginning as was found in any; null if all are taken.
    ///
    /// @param model the number of one of the models
    /// @param anew  to look for nothing
    Slot open(int model, int[] prompt, boolean anew) {
        Slot source = null;
        int shared = 0;
        for (Slot slot : slots) {
            int found = anew ? 0 : slot.shared(model, prompt);
            if (found > shared) {
                source = slot;
                shared = found;
            }
        }
        Slot target = target(source, shared);
        if (target == null) {
            return null;
        }
        if (source != null && source != target) {
            copy(source.base, target.base, shared);
            source.lastUse = ++uses;
        }
        target.take(model, prompt, shared, ++uses);
        return target;
    }

    /// The source itself if nothing else of it would be lost, else the free slot that has not been used for longest.
    private Slot target(Slot source, int shared) {
        if (source != null && !source.isTaken && Math.min(source.length, source.promptLength) == shared) {
            return source;
        }
        return slots.stream()
                .filter(slot -> !slot.isTaken)
                .min(Comparator.comparing((Slot slot) -> slot == source).thenComparing(slot -> slot.lastUse))
                .orElse(null);
    }

    void close(Slot slot) {
        slot.isTaken = false;
        slot.lastUse = ++uses;
    }

    int free() {
        int free = 0;
        for (Slot slot : slots) {
            free += slot.isTaken ? 0 : 1;
        }
        return free;
    }

    private void copy(int from, int to, int rows) {
        int spare = cache.capacity() - 1;
        int[] sources = new int[COPIED];
        int[] targets = new int[COPIED];
        for (int done = 0; done < rows; done += COPIED) {
            for (int i = 0; i < COPIED; i++) {
                sources[i] = done + i < rows ? from + done + i : spare;
                targets[i] = done + i < rows ? to + done + i : spare;
            }
            copy.set(FROM, sources);
            copy.set(TO, targets);
            copy.run();
        }
    }

    /// Reads more of a slot's prompt, at most `most` tokens (or a few, if that is fewer). Once all of it is read, the
    /// slot has the scores of the next token.
    ///
    /// @param scoresOrNull wants the scores of every token
    void read(Slot slot, int most, Scores scoresOrNull) {
        boolean scored = scoresOrNull != null && slot.length < slot.promptLength - 1;
        int left = slot.promptLength - slot.length - (scored ? 1 : 0);
        int[] chunks = scored ? SCORED_CHUNKS : CHUNKS;
        int tokens = chunk(chunks, Math.min(most, left));
        int count = Math.min(tokens, left);
        Executable step = executable(slot.model, scored ? Kind.SCORE : Kind.READ, tokens);
        fill(step, slot, tokens, count);
        if (!scored) {
            Wanted.fill(step, count - 1, slot.length + count - 1, slot.base);
        }
        step.run();
        if (scored) {
            for (int t = 0; t < count; t++) {
                logits(step, t, slot.logits);
                scoresOrNull.accept(slot.length + t, slot.logits);
            }
        } else {
            logits(step, 0, slot.logits);
        }
        slot.length += count;
    }

    /// The next `count` tokens of a prompt, and as many that see nothing and whose keys nobody sees as fill the rest.
    private void fill(Executable step, Slot slot, int tokens, int count) {
        int spare = cache.capacity() - 1;
        int[] ids = Arrays.copyOf(Arrays.copyOfRange(slot.ids, slot.length, slot.length + count), tokens);
        int[] position = new int[tokens];
        int[] first = new int[tokens];
        int[] last = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            boolean counts = t < count;
            position[t] = counts ? slot.length + t : 0;
            first[t] = counts ? slot.base : spare + 1;
            last[t] = counts ? slot.base + position[t] : spare;
        }
        Sequence.fill(step, ids, position, first, last);
    }

    /// The fewest that hold so many, or the most there are.
    private static int chunk(int[] chunks, int tokens) {
        for (int chunk : chunks) {
            if (chunk >= tokens) {
                return chunk;
            }
        }
        return chunks[chunks.length - 1];
    }

    /// Appends a token to each of these sequences, which then have the scores of their next.
    ///
    /// @param ids one for each slot
    void step(List<Slot> taken, int[] ids) {
        Map<Slot, Integer> next = new HashMap<>();
        for (int i = 0; i < ids.length; i++) {
            next.put(taken.get(i), ids[i]);
        }
        for (int m = 0; m < models.size(); m++) {
            int model = m;
            List<Slot> ofModel = taken.stream()
                    .filter(slot -> slot.model == model)
                    .sorted(Comparator.comparing(slot -> slot.base))
                    .toList();
            // Shares of about the same size: a run of eight and one of one read the weights twice for nine, too.
            int runs = Math.ceilDiv(ofModel.size(), FEW);
            for (int run = 0; run < runs; run++) {
                few(model, ofModel.subList(run * ofModel.size() / runs, (run + 1) * ofModel.size() / runs), next);
            }
        }
    }

    private void few(int model, List<Slot> few, Map<Slot, Integer> next) {
        int tokens = few.size();
        int[] ids = new int[tokens];
        int[] position = new int[tokens];
        int[] first = new int[tokens];
        int[] last = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            Slot slot = few.get(t);
            ids[t] = next.get(slot);
            position[t] = slot.length;
            first[t] = slot.base;
            last[t] = slot.base + slot.length;
        }
        Executable step = executable(model, Kind.CONTINUE, tokens);
        Sequence.fill(step, ids, position, first, last);
        step.run();
        for (int t = 0; t < tokens; t++) {
            few.get(t).append(ids[t]);
            logits(step, t, few.get(t).logits);
        }
    }

    private void logits(Executable step, int row, float[] target) {
        MemorySegment.copy(step.output("logits").data(), Tensor.F32, row * (target.length * 4L), target, 0,
                target.length);
    }

    private Executable executable(int model, Kind kind, int tokens) {
        return programs.computeIfAbsent(new Key(model, kind, tokens),
                _ -> session.compile(program(models.get(model), cache, context, kind, tokens)));
    }

    private static Program program(Llama model, KvCache cache, int context, Kind kind, int tokens) {
        Graph g = new Graph();
        Sequence at = Sequence.of(model.config(), tokens, context, kind == Kind.CONTINUE ? 1 : 0);
        Wanted wanted = kind == Kind.READ ? Wanted.one(at) : Wanted.all(at);
        Value hidden = model.forward(g, Sequence.ids(tokens), at, cache, wanted);
        return Program.of(g, Map.of("logits", model.logits(g, hidden)));
    }

    @Override
    public void close() {
        session.close();
        arena.close();
    }
}
