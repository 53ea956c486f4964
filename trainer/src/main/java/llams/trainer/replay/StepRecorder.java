package llams.trainer.replay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.data.PackedSequence;
import llams.trainer.run.Replay;

/// Sees a training step: of its first micro-batch the passes, of all the losses of tokens, and the update.
final class StepRecorder implements Replay.Watcher, AutoCloseable {
    /// What objectives call the losses of tokens.
    private static final List<String> TOKEN_LOSSES = List.of("tokenLoss", "crossEntropy");

    private final int most;
    List<Replay.Batch> batches;
    Window window;
    PassRecorder pass;
    Lens lens;
    final UpdateRecorder update = new UpdateRecorder();
    /// Of each micro-batch, `[tokens]`.
    final List<float[]> losses = new ArrayList<>();
    private Program.Place lossPlace;

    /// @param most tokens to look at closely
    StepRecorder(int most) {
        this.most = most;
    }

    @Override
    public void begins(List<Replay.Batch> all, Llama model, Map<String, Tensor> resident) {
        batches = all;
        PackedSequence first = sequence();
        window = new Window(0, Math.min(most, first.ids().length));
        pass = new PassRecorder(model.config(), first, window);
        lens = new Lens(model, resident);
    }

    PackedSequence sequence() {
        return batches.getFirst().batch().sequence();
    }

    @Override
    public void begins(Program program) {
        if (program.outputs().containsKey("loss")) {
            losses.add(null);
            lossPlace = TOKEN_LOSSES.stream()
                    .map(program.outputs()::get)
                    .filter(place -> place != null)
                    .findFirst()
                    .orElse(null);
        }
    }

    @Override
    public void before(List<Program.Instruction> together, Memory memory) {
        update.before(together, memory);
    }

    @Override
    public void after(List<Program.Instruction> together, Memory memory, long nanos) {
        if (losses.size() == 1) {
            pass.after(together, memory, nanos);
        }
        for (Program.Instruction instruction : together) {
            if (lossPlace != null && instruction.results().contains(lossPlace)) {
                losses.set(losses.size() - 1, memory.at(lossPlace).toFloats());
            }
        }
        update.after(together, memory, nanos);
    }

    /// The documents of all micro-batches, in their order.
    List<Replayed.Document> documents(TokenTexts texts) {
        List<Replayed.Document> documents = new ArrayList<>();
        for (int b = 0; b < batches.size(); b++) {
            PackedSequence sequence = batches.get(b).batch().sequence();
            List<String> origins = batches.get(b).origins();
            int number = 0;
            for (int from = 0, to; from < sequence.ids().length; from = to, number++) {
                to = from;
                double loss = 0;
                int counted = 0;
                while (to < sequence.ids().length && sequence.documentStart()[to] == from) {
                    loss += losses.get(b) == null ? Double.NaN : losses.get(b)[to];
                    counted += sequence.label()[to++] >= 0 ? 1 : 0;
                }
                documents.add(new Replayed.Document(number < origins.size() ? origins.get(number) : "", to - from,
                        counted, loss, beginning(texts, Arrays.copyOfRange(sequence.ids(), from, to))));
            }
        }
        return documents;
    }

    private static String beginning(TokenTexts texts, int[] ids) {
        String text = String.join("", texts.all(Arrays.copyOf(ids, Math.min(ids.length, 60))));
        return ids.length > 60 ? text + " …" : text;
    }

    /// The number of each window token's document.
    static int[] documents(PackedSequence sequence, Window window) {
        int[] numbers = new int[window.tokens()];
        int number = -1;
        for (int t = 0; t < window.from() + window.tokens(); t++) {
            number += sequence.documentStart()[t] == t ? 1 : 0;
            if (t >= window.from()) {
                numbers[t - window.from()] = number;
            }
        }
        return numbers;
    }

    @Override
    public void close() {
        if (lens != null) {
            lens.close();
        }
    }
}
