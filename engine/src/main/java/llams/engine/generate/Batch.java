package llams.engine.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.device.Device;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Continues many sequences at once, which come and go at any time: continuous batching (Yu et al., OSDI 2022). A round
/// reads a piece of one prompt, and gives each sequence whose prompt is read a token, all in one pass over the weights.
/// A sequence gets the same tokens as when it is alone, whatever runs beside it. What prompts have in common with earlier
/// ones is found in the cache.
///
/// Not safe for several threads; listeners are called on the one that calls.
public final class Batch implements AutoCloseable {
    /// Tokens of a prompt that are read in a round while others wait for their next token.
    private static final int SHARED_ROUND = 128;
    /// And if nobody waits.
    private static final int OWN_ROUND = 512;

    /// A sequence to be continued.
    ///
    /// @param model     number of the model that continues it
    /// @param maxTokens tokens to generate at most; 0 reads the prompt only
    /// @param stops     ids that end it; they are not part of it
    /// @param scored    whether the listener wants the scores of the prompt's tokens
    public record Request(int model, int[] prompt, int maxTokens, Set<Integer> stops, boolean scored,
            Listener listener) {}

    /// Follows one sequence, and picks its tokens.
    public interface Listener {
        /// False once nobody waits for it any more.
        boolean isWanted();

        /// The sequence has begun.
        ///
        /// @param found tokens of the prompt that were in the cache
        void begin(int found);

        /// The scores of the token after the prompt's at `position`, for all but the last, if they were asked for.
        ///
        /// @param logits `[vocab]`, which is overwritten later
        void scored(int position, float[] logits);

        /// Picks a token.
        ///
        /// @param logits `[vocab]`; may be overwritten
        /// @param index  how many were picked before
        int pick(float[] logits, int index);

        /// Takes a token that is no stop id; returns false to end the sequence.
        boolean accept(int id);

        /// Called once, last, unless [#fail] is.
        void end(Generator.End end);

        /// This sequence cannot go on; others do.
        void fail(RuntimeException problem);
    }

    private static final class Running {
        final Request request;
        final Slot slot;
        int picked;
        int next;

        Running(Request request, Slot slot) {
            this.request = request;
            this.slot = slot;
        }
    }

    private final BatchDecoder decoder;
    private final int vocab;
    private final int slots;
    private final int context;
    /// In the order in which they came.
    private final List<Running> reading = new ArrayList<>();
    private final List<Running> running = new ArrayList<>();

    /// @param models  of one shape, whose leaves are all among `weights`
    /// @param slots   sequences at once
    /// @param context tokens of a sequence with its continuation, at most
    /// @throws IllegalArgumentException if the model allows fewer
    public Batch(Device device, List<Llama> models, Map<String, Tensor> weights, int slots, int context) {
        int allowed = models.getFirst().config().maxPositions();
        if (slots < 1 || context < 1 || context > allowed) {
            throw new IllegalArgumentException(slots + " sequences of " + context
                    + " tokens are not possible; the model" + " allows " + allowed + " (max_position_embeddings)");
        }
        this.decoder = new BatchDecoder(device, models, weights, slots, context);
        this.vocab = models.getFirst().config().vocab();
        this.slots = slots;
        this.context = context;
    }

    /// What a batch needs, before anything is allocated.
    public static Program.Memory memory(Llama model, int slots, int context) {
        return BatchDecoder.memory(model, slots, context);
    }

    /// How many sequences it can have.
    public int slots() {
        return slots;
    }

    /// How many sequences could be added now.
    public int free() {
        return decoder.free();
    }

    public boolean isIdle() {
        return reading.isEmpty() && running.isEmpty();
    }

    /// Adds a sequence, which begins with the next round.
    ///
    /// @throws IllegalArgumentException if its prompt is empty, has an id that is not in the vocabulary, or is too long
    /// @throws IllegalStateException    if no slot is free
    public void add(Request request) {
        Generator.check(request.prompt, vocab);
        if (request.prompt.length > context) {
            throw new IllegalArgumentException(
                    "the prompt has " + request.prompt.length + " tokens, more than the context of " + context);
        }
        Slot slot = decoder.open(request.model, request.prompt, request.scored);
        if (slot == null) {
            throw new IllegalStateException("no slot is free");
        }
        reading.add(new Running(request, slot));
        request.listener.begin(slot.length);
    }

    /// Does a piece of work for all.
    public void round() {
        for (Running one : both()) {
            if (!one.request.listener.isWanted()) {
                end(one, Generator.End.CALLER);
            }
        }
        if (!reading.isEmpty()) {
            read(reading.getFirst());
        }
        if (!running.isEmpty()) {
            List<Running> all = List.copyOf(running);
            decoder.step(all.stream().map(one -> one.slot).toList(), all.stream().mapToInt(one -> one.next).toArray());
            all.forEach(this::advance);
        }
    }

    private List<Running> both() {
        List<Running> all = new ArrayList<>(reading);
        all.addAll(running);
        return all;
    }

    private void read(Running one) {
        Listener listener = one.request.listener;
        try {
            decoder.read(one.slot, running.isEmpty() ? OWN_ROUND : SHARED_ROUND,
                    one.request.scored ? listener::scored : null);
        } catch (RuntimeException e) {
            fail(one, e);
            return;
        }
        if (one.slot.isRead()) {
            reading.remove(one);
            running.add(one);
            advance(one);
        }
    }

    /// Picks the next token of a sequence whose scores are known.
    private void advance(Running one) {
        Request request = one.request;
        try {
            if (request.maxTokens == 0) {
                end(one, Generator.End.LENGTH);
                return;
            }
            int id = request.listener.pick(one.slot.logits, one.picked);
            if (request.stops.contains(id)) {
                end(one, Generator.End.STOP_ID);
                return;
            }
            one.picked++;
            one.next = id;
            if (!request.listener.accept(id)) {
                end(one, Generator.End.CALLER);
            } else if (one.picked == request.maxTokens) {
                end(one, Generator.End.LENGTH);
            } else if (one.slot.length == context) {
                end(one, Generator.End.CAPACITY);
            }
        } catch (RuntimeException e) {
            fail(one, e);
        }
    }

    private void end(Running one, Generator.End end) {
        remove(one);
        one.request.listener.end(end);
    }

    private void fail(Running one, RuntimeException problem) {
        remove(one);
        one.request.listener.fail(problem);
    }

    private void remove(Running one) {
        reading.remove(one);
        running.remove(one);
        decoder.close(one.slot);
    }

    /// Ends all that run.
    public void failAll(RuntimeException problem) {
        both().forEach(one -> fail(one, problem));
    }

    @Override
    public void close() {
        decoder.close();
    }
}
