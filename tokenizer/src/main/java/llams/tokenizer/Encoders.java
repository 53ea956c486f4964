package llams.tokenizer;

import java.util.concurrent.atomic.AtomicReferenceArray;

/// The encoders of one vocabulary, used again and again. They belong to no thread, so that a program of a million
/// virtual threads has no more of them than run at once.
final class Encoders {

    /// Idle encoders kept at most; one has about half a megabyte.
    private static final int KEPT = Math.max(4,
            Integer.highestOneBit(2 * Runtime.getRuntime().availableProcessors() - 1));

    private final Vocabulary vocabulary;
    private final AtomicReferenceArray<Encoder> idle = new AtomicReferenceArray<>(KEPT);

    Encoders(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /// An encoder with no ids in it, for the caller alone until it is given back.
    Encoder take() {
        int first = (int) Thread.currentThread().threadId();
        for (int i = 0; i < KEPT; i++) {
            int at = first + i & KEPT - 1;
            Encoder encoder = idle.getPlain(at) == null ? null : idle.getAndSet(at, null);
            if (encoder != null) {
                return encoder;
            }
        }
        return new Encoder(vocabulary);
    }

    /// The encoder's ids. The encoder itself is no longer the caller's.
    int[] giveBack(Encoder encoder) {
        int[] ids = encoder.ids.take();
        int first = (int) Thread.currentThread().threadId();
        for (int i = 0; i < KEPT; i++) {
            if (idle.compareAndSet(first + i & KEPT - 1, null, encoder)) {
                break;
            }
        }
        return ids;
    }
}
