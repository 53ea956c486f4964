package llams.trainer.replay;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.device.Observer;
import llams.engine.graph.Attention;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.data.PackedSequence;

/// What a pass computes: of the tokens in a window the residual stream and attention, of all tokens how large each named
/// value is. With a backward pass the same of the gradients, as far down as it goes.
final class PassRecorder implements Observer {
    /// The size of a value's numbers.
    ///
    /// @param rms root of their mean square
    /// @param max the largest without its sign
    record Size(double rms, double max) {}

    private static final String GRADIENT = "gradient.";
    private static final Pattern OUT = Pattern.compile("layers\\.(\\d+)\\.out");
    private static final Pattern ATTENTION = Pattern.compile("layers\\.(\\d+)\\.attention");

    private final LlamaConfig config;
    private final PackedSequence sequence;
    private final Window window;
    /// The residual stream before the first layer and after each, `[layers + 1][window * dim]`.
    final float[][] residual;
    /// Its gradient's length at each token, `[layers + 1][window]`; null where the backward pass does not go.
    final float[][] gradientNorms;
    /// [AttentionMap#of] each layer.
    final byte[][] attention;
    /// By name; gradients as `gradient.NAME`.
    final Map<String, Size> sizes = new LinkedHashMap<>();

    PassRecorder(LlamaConfig config, PackedSequence sequence, Window window) {
        this.config = config;
        this.sequence = sequence;
        this.window = window;
        residual = new float[config.layers() + 1][];
        gradientNorms = new float[config.layers() + 1][];
        attention = new byte[config.layers()][];
    }

    @Override
    public void after(List<Program.Instruction> together, Memory memory, long nanos) {
        for (Program.Instruction instruction : together) {
            for (int r = 0; r < instruction.results().size(); r++) {
                String name = instruction.node().name(r);
                if (name != null && !(instruction.results().get(r) instanceof Program.Unused)) {
                    see(name, memory.at(instruction.results().get(r)), instruction, memory);
                }
            }
        }
    }

    private void see(String name, Tensor value, Program.Instruction instruction, Memory memory) {
        sizes.put(name, size(value));
        boolean isGradient = name.startsWith(GRADIENT);
        int layer = residual(isGradient ? name.substring(GRADIENT.length()) : name);
        if (layer >= 0 && isGradient) {
            gradientNorms[layer] = norms(window.rows(value), config.dim());
        } else if (layer >= 0) {
            residual[layer] = window.rows(value);
        }
        Matcher attended = ATTENTION.matcher(name);
        if (attended.matches() && instruction.op() instanceof Attention) {
            attention[Integer.parseInt(attended.group(1))] = AttentionMap.of(config,
                    memory.at(instruction.inputs().get(Attention.Q)), memory.at(instruction.inputs().get(Attention.K)),
                    memory.at(instruction.results().get(Attention.LOG_SUM_EXP)), sequence, window);
        }
    }

    /// The place in [#residual] of a value, or -1.
    private static int residual(String name) {
        Matcher out = OUT.matcher(name);
        return name.equals("embedding") ? 0 : out.matches() ? Integer.parseInt(out.group(1)) + 1 : -1;
    }

    private static Size size(Tensor value) {
        double squares = 0;
        double max = 0;
        float[] row = new float[(int) value.shape().dim(-1)];
        for (long from = 0; from < value.elements(); from += row.length) {
            MemorySegment.copy(value.data(), Tensor.F32, from * Float.BYTES, row, 0, row.length);
            for (float x : row) {
                squares += (double) x * x;
                max = Math.max(max, Math.abs(x));
            }
        }
        return new Size(Math.sqrt(squares / Math.max(1, value.elements())), max);
    }

    /// The length of each row.
    static float[] norms(float[] rows, int width) {
        float[] norms = new float[rows.length / width];
        for (int t = 0; t < norms.length; t++) {
            double squares = 0;
            for (int i = t * width; i < (t + 1) * width; i++) {
                squares += (double) rows[i] * rows[i];
            }
            norms[t] = (float) Math.sqrt(squares);
        }
        return norms;
    }
}
