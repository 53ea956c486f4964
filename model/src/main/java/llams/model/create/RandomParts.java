package llams.model.create;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A new model's weights, part by part. Threads fill the next parts while one is written; what a part holds does not
/// depend on them.
final class RandomParts implements AutoCloseable {
    private static final long PART_ELEMENTS = 1 << 20;

    /// @param name   of the tensor; its parts come in order
    /// @param values one dimension
    /// @param memory whose beginning they fill
    record Part(String name, Tensor values, MemorySegment memory) {}

    private record Place(TensorInfo info, long fromElement) {}

    private final RandomWeights weights;
    private final Deque<Place> places;
    private final Arena arena = Arena.ofShared();
    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private final Deque<Future<Part>> ahead = new ArrayDeque<>();
    private final ExecutorService executor;
    private Part lent;

    RandomParts(RandomWeights weights, List<TensorInfo> plan, int threads) {
        this.weights = weights;
        places = new ArrayDeque<>(places(plan));
        for (int i = 0; i < parts(threads); i++) {
            free.add(arena.allocate(partBytes(plan), 64));
        }
        executor = Executors.newFixedThreadPool(threads);
    }

    /// One that each thread fills, one that it finds next, and one that is written.
    private static int parts(int threads) {
        return 2 * threads + 1;
    }

    private static long partBytes(List<TensorInfo> plan) {
        return plan.stream()
                .mapToLong(info -> info.dtype().bytes(Math.min(PART_ELEMENTS, info.shape().elements())))
                .max()
                .orElse(0);
    }

    /// Bytes of all parts.
    static long bytes(List<TensorInfo> plan, int threads) {
        return parts(threads) * partBytes(plan);
    }

    private static List<Place> places(List<TensorInfo> plan) {
        List<Place> places = new ArrayList<>();
        for (TensorInfo info : plan) {
            for (long at = 0; at < info.shape().elements(); at += PART_ELEMENTS) {
                places.add(new Place(info, at));
            }
        }
        return places;
    }

    boolean hasNext() {
        return !places.isEmpty() || !ahead.isEmpty();
    }

    /// The next part in the order of the plan. The next call uses its memory again.
    Part next() {
        if (lent != null) {
            free.add(lent.memory);
        }
        while (!places.isEmpty() && !free.isEmpty()) {
            Place place = places.remove();
            MemorySegment memory = free.remove();
            ahead.add(executor.submit(() -> filled(place, memory)));
        }
        try {
            lent = ahead.remove().get();
            return lent;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while making random weights", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("random weights could not be made", e.getCause());
        }
    }

    private Part filled(Place place, MemorySegment memory) {
        TensorInfo info = place.info;
        long elements = Math.min(PART_ELEMENTS, info.shape().elements() - place.fromElement);
        Tensor values = new Tensor(info.dtype(), Shape.of(elements), memory.asSlice(0, info.dtype().bytes(elements)));
        weights.fill(info.name(), place.fromElement, values);
        return new Part(info.name(), values, memory);
    }

    @Override
    public void close() {
        executor.shutdownNow();
        executor.close();
        arena.close();
    }
}
