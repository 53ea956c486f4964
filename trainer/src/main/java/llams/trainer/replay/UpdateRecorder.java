package llams.trainer.replay;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Observer;
import llams.engine.graph.AdamW;
import llams.engine.graph.CompactAdamW;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// What an update does to each parameter.
final class UpdateRecorder implements Observer {
    private static final String GRADIENT = "gradient.";
    private static final int MOST_ROWS = 16;

    /// Lengths as vectors.
    ///
    /// @param gradient before clipping
    /// @param weight   before the update
    /// @param change   of the weight
    record Change(long elements, double gradient, double weight, double change) {}

    /// How far a row of a table of tokens moved.
    record Row(String table, int token, double change) {}

    private final Map<String, Double> gradients = new LinkedHashMap<>();
    private final Map<String, Tensor> before = new LinkedHashMap<>();
    final Map<String, Change> changes = new LinkedHashMap<>();
    /// Of the tables of tokens, those that moved furthest.
    final List<Row> rows = new ArrayList<>();
    private Arena arena;

    @Override
    public void before(List<Program.Instruction> together, Memory memory) {
        for (Program.Instruction instruction : together) {
            if (parameter(instruction) instanceof Leaf leaf) {
                arena = arena == null ? Arena.ofShared() : arena;
                Tensor now = memory.at(instruction.inputs().get(AdamW.PARAM));
                Tensor copy = Tensor.allocate(arena, now.dtype(), now.shape());
                copy.data().copyFrom(now.data());
                before.put(leaf.name(), copy);
            }
        }
    }

    @Override
    public void after(List<Program.Instruction> together, Memory memory, long nanos) {
        for (Program.Instruction instruction : together) {
            if (instruction.op() instanceof SquaredNorm
                    && instruction.inputs().getFirst() instanceof Program.OfLeaf(Leaf leaf)) {
                double squared = memory.at(instruction.results().getFirst()).getFloat(0);
                gradients.put(leaf.name().substring(GRADIENT.length()), Math.sqrt(squared));
            } else if (parameter(instruction) instanceof Leaf leaf) {
                compare(leaf.name(), before.remove(leaf.name()), memory.at(instruction.inputs().get(AdamW.PARAM)));
            }
        }
        if (arena != null && before.isEmpty()) {
            arena.close();
            arena = null;
        }
    }

    private static Leaf parameter(Program.Instruction instruction) {
        boolean isUpdate = instruction.op() instanceof AdamW || instruction.op() instanceof CompactAdamW;
        return isUpdate && instruction.inputs().get(AdamW.PARAM) instanceof Program.OfLeaf(Leaf leaf) ? leaf : null;
    }

    private void compare(String name, Tensor old, Tensor now) {
        boolean isTable = name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD);
        int width = (int) now.shape().dim(-1);
        double weight = 0;
        double change = 0;
        List<Row> moved = new ArrayList<>();
        for (long from = 0; from < now.elements(); from += width) {
            double ofRow = 0;
            for (long i = from; i < from + width; i++) {
                double was = old.getFloat(i);
                double by = now.getFloat(i) - was;
                weight += was * was;
                ofRow += by * by;
            }
            change += ofRow;
            if (isTable) {
                moved.add(new Row(name, (int) (from / width), Math.sqrt(ofRow)));
            }
        }
        changes.put(name, new Change(now.elements(), gradients.getOrDefault(name, Double.NaN), Math.sqrt(weight),
                Math.sqrt(change)));
        moved.stream().sorted(Comparator.comparingDouble(row -> -row.change)).limit(MOST_ROWS).forEach(rows::add);
    }
}
