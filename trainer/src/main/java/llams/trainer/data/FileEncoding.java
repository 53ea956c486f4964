package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/// Turns a file into documents on all cores: one thread cuts it into units, others read and encode batches of them, and
/// the documents come out in the file's order. What they are, and what is noted, does not depend on the threads.
final class FileEncoding implements AutoCloseable {
    /// A batch is large enough that handing it over costs nothing, and small enough that a few are no burden.
    private static final int BATCH_CHARS = 1 << 18;

    private final String file;
    private final Reading reading;
    private final Consumer<Document> documents;
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final ArrayDeque<Future<DocumentBatch>> open = new ArrayDeque<>();
    /// What all batches came to.
    private final DocumentBatch all;
    private ExecutorService workers;
    private List<Unit> units = new ArrayList<>();
    private int chars;

    private FileEncoding(Path file, Reading reading, Consumer<Document> documents) {
        this.file = Source.name(file);
        this.reading = reading;
        this.documents = documents;
        all = batch();
    }

    /// @param documents receives each document, on the caller's thread
    /// @return what the whole file came to, without its documents
    static DocumentBatch read(Path file, Reading reading, Consumer<Document> documents) throws IOException {
        try (FileEncoding encoding = new FileEncoding(file, reading, documents)) {
            SampleReader.units(file, reading.rows(), reading.listener(), encoding::add);
            encoding.finish();
            return encoding.all;
        }
    }

    /// The first documents alone, on the caller's thread: of the rest only what cannot be used is noted.
    static DocumentBatch read(Path file, Reading reading, int limit) throws IOException {
        DocumentBatch all = new DocumentBatch(reading.encoder(), reading.notes(Source.name(file)));
        SampleReader.units(file, reading.rows(), reading.listener(), unit -> all.read(unit, limit));
        all.rows.finish();
        all.names.check();
        return all;
    }

    private DocumentBatch batch() {
        return new DocumentBatch(reading.encoder(), reading.notes(file));
    }

    private void add(Unit unit) {
        units.add(unit);
        chars += unit.chars() + 1;
        if (chars < BATCH_CHARS) {
            return;
        }
        if (workers == null) {
            workers = Executors.newFixedThreadPool(threads);
        }
        List<Unit> full = units;
        open.add(workers.submit(() -> encoded(full)));
        units = new ArrayList<>();
        chars = 0;
        if (open.size() > 2 * threads) {
            take(open.remove());
        }
    }

    private DocumentBatch encoded(List<Unit> some) {
        DocumentBatch batch = batch();
        some.forEach(unit -> batch.read(unit, Integer.MAX_VALUE));
        return batch;
    }

    private void finish() {
        open.forEach(this::take);
        take(encoded(units));
        all.rows.finish();
        all.names.check();
    }

    private void take(Future<DocumentBatch> batch) {
        try {
            take(batch.get());
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void take(DocumentBatch batch) {
        all.count(batch);
        batch.documents.forEach(documents);
    }

    @Override
    public void close() {
        if (workers != null) {
            workers.shutdownNow();
        }
    }
}
