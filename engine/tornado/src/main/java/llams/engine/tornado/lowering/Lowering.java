package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import llams.engine.graph.*;
import llams.engine.plan.Program;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tensor.DType;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.kernels.Widening;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.MatrixProduct;
import llams.engine.tornado.launch.Ref;

/// Turns ops into launches.
public final class Lowering {
    /// Pieces of more than this many tokens are a multiple of it.
    static final int EVEN = 64;
    /// The most elements of a kernel, so that their number rounded up to whole groups fits an `int`.
    static final int ELEMENTS_LIMIT = Integer.MAX_VALUE - 1024;

    private final DeviceLayout layout;
    private final ConstantTable constants;
    private final List<Launch> launches = new ArrayList<>();
    /// The name of the current op.
    private String what;
    private final ScratchRegion scratch;
    private final ScratchRegion halves;
    private final ProductLowering products;
    private final long scratchLimit;
    private final int visibleRows;
    private final Set<Place> lasts = new LinkedHashSet<>();

    /// A program as launches.
    ///
    /// @param needs the memory that they need
    /// @param lasts the inputs that hold the last visible rows, where those matter; see [VisibleRows]
    public record Lowered(List<Launch> launches, DeviceLayout.Sizes needs, Set<Place> lasts) {}

    private Lowering(DeviceLayout layout, ConstantTable constants, ProductMode products, ScratchRegion rounded,
            long scratchLimit, int visibleRows) {
        this.layout = layout;
        this.constants = constants;
        this.scratchLimit = scratchLimit;
        this.visibleRows = visibleRows;
        scratch = new ScratchRegion(layout.temporary().floats());
        halves = new ScratchRegion(layout.temporary().halves());
        this.products = new ProductLowering(this, products, rounded);
    }

    /// @param scratchLimit numbers that an op that can work in pieces takes as scratch
    /// @param visibleRows  the most rows of keys that a token sees
    public static Lowered lower(Program program, DeviceLayout layout, ConstantTable constants, ProductMode products,
            long scratchLimit, int visibleRows) {
        ScratchRegion rounded = new ScratchRegion(layout.temporary().rounded());
        Lowering lowering = new Lowering(layout, constants, products, rounded, scratchLimit, visibleRows);
        List<Instruction> all = program.instructions();
        for (int at = 0; at < all.size();) {
            Instruction instruction = all.get(at);
            lowering.scratch.clear();
            lowering.halves.clear();
            lowering.what = instruction.op().name();
            int length = lowering.lowerMany(all.subList(at, all.size()), program.outputs().values());
            if (length == 0) {
                lowering.lower(instruction, all.subList(at + 1, all.size()));
                length = 1;
            }
            for (Instruction done : all.subList(at, at + length)) {
                if (done.op() instanceof Effect) {
                    lowering.products.forget();
                }
                lowering.products.written(done.results());
            }
            at += length;
        }
        return new Lowered(lowering.launches, new DeviceLayout.Sizes(program.slabBytes() / Float.BYTES,
                lowering.scratch.needed(), lowering.halves.needed(), rounded.needed()), lowering.lasts);
    }

    /// Lowers as many of these as one launch can do together; returns their number, 0 if there is nothing to gain.
    private int lowerMany(List<Instruction> instructions, Collection<Place> outputs) {
        int updates = UpdateLowering.length(instructions);
        if (updates > 0) {
            new UpdateLowering(this).lower(instructions.subList(0, updates));
            return updates;
        }
        if (RopeLowering.isJoined(instructions)) {
            new RopeLowering(this).joined(instructions.subList(0, RopeLowering.JOINED));
            return RopeLowering.JOINED;
        }
        Optional<SquaredNormLowering> norms = SquaredNormLowering.of(instructions, outputs);
        norms.ifPresent(found -> found.lower(this));
        return norms.map(SquaredNormLowering::length).orElse(0);
    }

    private void lower(Instruction at, List<Instruction> next) {
        List<Place> in = at.inputs();
        List<Place> out = at.results();
        Place y = out.isEmpty() ? null : out.getFirst();
        switch (at.op()) {
            case Constant(float value) -> fill(ref(y), elements(y), value);
            case Add() -> elementwise(Kernel.ADD, List.of(in.get(Add.A), in.get(Add.B), y));
            case Scale(float factor) -> elementwise(Kernel.SCALE, List.of(in.get(Scale.X), y), constants.index(factor));
            case MatMul op -> matMul(op, in, y);
            case Embedding() -> embedding(in.get(Embedding.TABLE), in.get(Embedding.IDS), y);
            case Embedding.Gradient _ -> {
                fill(ref(y), elements(y), 0);
                addToRows(in.get(Embedding.Gradient.IDS), in.get(Embedding.Gradient.DY), y);
            }
            case RmsNorm(float eps) -> new RmsNormLowering(this, eps).forward(in, y, next);
            case RmsNorm.Gradient(float eps) -> new RmsNormLowering(this, eps).backward(in, y);
            case RmsNorm.WeightGradient(float eps) -> new RmsNormLowering(this, eps).weightGradient(in, ref(y));
            case Rope(int headDim, boolean inverse) -> new RopeLowering(this).one(in, headDim, inverse, y);
            case Attention(int headDim, long rowLength) -> new AttentionLowering(this, in, headDim, rowLength)
                    .forward(out.get(Attention.OUT), out.get(Attention.LOG_SUM_EXP), next);
            case Attention.Gradient(int headDim, long rowLength) ->
                new AttentionLowering(this, in, headDim, rowLength).backward(out);
            case SwiGlu() -> swiGlu(in.get(SwiGlu.GATE), in.get(SwiGlu.UP), y, next);
            case SwiGlu.Gradient() ->
                elementwise(Kernel.SWIGLU_GRADIENT, List.of(in.get(SwiGlu.GATE), in.get(SwiGlu.UP),
                        in.get(SwiGlu.Gradient.DY), out.get(SwiGlu.Gradient.DGATE), out.get(SwiGlu.Gradient.DUP)));
            case LinearCrossEntropy() ->
                new LossLowering(this).crossEntropy(in, out, out.get(LinearCrossEntropy.DWEIGHT), false);
            case Dropout(float rate, int stream) ->
                elementwise(Kernel.DROPOUT, List.of(in.get(Dropout.X), y), ref(in.get(Dropout.SEED)).offset(), stream,
                        Math.round(rate * 0x1p24f), constants.index(1 / (1 - rate)));
            case LinearDistillation _,Noise _,PreferenceLoss _,RowNorm _,ScaleColumns _,ScaleColumns.MagnitudeGradient _,TopTokens _ ->
                throw notHere(at.op());
            case SquaredNorm() -> new SquaredNormLowering(List.of(in.get(SquaredNorm.X)), y, 1).lower(this);
            case Accumulate(Accumulate.Summand summand, _) -> accumulate(summand, in, out, Accumulate.state(in));
            case CacheAppend() ->
                cacheAppend(in.get(CacheAppend.CACHE), in.get(CacheAppend.X), in.get(CacheAppend.SLOT));
            case CompactAdamW _ -> throw new IllegalArgumentException(
                    "gpu: 8-bit moments and trained BF16 weights are not supported; use --device cpu");
            case AdamW _,Clear() ->
                throw new IllegalStateException("gpu: " + at.op() + " is lowered with its neighbours");
        }
    }

    private void accumulate(Accumulate.Summand summand, List<Place> in, List<Place> out, Place state) {
        switch (summand) {
            case Accumulate.Given() -> elementwise(Kernel.ADD, List.of(state, in.get(Accumulate.Given.X), state));
            case MatMul op -> product(op, in, state, true);
            case Embedding.Gradient _ ->
                addToRows(in.get(Embedding.Gradient.IDS), in.get(Embedding.Gradient.DY), state);
            case LinearCrossEntropy() -> new LossLowering(this).crossEntropy(in, out, state, true);
            case RmsNorm.WeightGradient(float eps) -> new RmsNormLowering(this, eps).addWeightGradient(in, ref(state));
            case LinearDistillation op -> throw notHere(op);
            case ScaleColumns.MagnitudeGradient op -> throw notHere(op);
        }
    }

    private static UnsupportedOperationException notHere(Op op) {
        return new UnsupportedOperationException("gpu: " + op.name() + " has no kernel yet; use the device cpu");
    }

    Ref ref(Place place) {
        return layout.of(place);
    }

    static int dim(Place place, int axis) {
        return Math.toIntExact(place.type().shape().dim(axis));
    }

    ConstantTable constants() {
        return constants;
    }

    /// A constant on the device.
    Ref constant(float value) {
        return new Ref(layout.consts(), constants.index(value));
    }

    ProductLowering products() {
        return products;
    }

    /// The name of the current op, for messages and profiles.
    String what() {
        return what;
    }

    /// F32 numbers that an op that can work in pieces holds at a time.
    long scratchLimit() {
        return scratchLimit;
    }

    /// The most rows of keys that a token sees, where `last` holds the last row of each.
    int visibleRows(Place last) {
        lasts.add(last);
        return visibleRows;
    }

    /// F32 scratch for this op alone.
    Ref scratch(long elements) {
        return scratch.take(elements);
    }

    /// 16-bit scratch for this op alone.
    Ref halves(long elements) {
        return halves.take(elements);
    }

    void add(Launch launch) {
        launches.add(launch);
    }

    /// Adds a launch with a work-group per row. Parameters: the offsets of `refs`, then `more`.
    void launch(Kernel kernel, long groups, List<Ref> refs, int... more) {
        launch(kernel, Math.toIntExact(groups), 1, 1, refs, more);
    }

    void launch(Kernel kernel, int groupsX, int groupsY, int groupsZ, List<Ref> refs, int... more) {
        int[] parameters = Arrays.copyOf(refs.stream().mapToInt(Ref::offset).toArray(), refs.size() + more.length);
        System.arraycopy(more, 0, parameters, refs.size(), more.length);
        add(new Launch(kernel, refs.stream().map(Ref::block).toList(), parameters, groupsX, groupsY, groupsZ, what,
                null));
    }

    void launchElements(Kernel kernel, long elements, List<Ref> refs, int... more) {
        if (elements > ELEMENTS_LIMIT) {
            throw new IllegalArgumentException(
                    "gpu: " + kernel + " over " + elements + " elements; use fewer tokens at a time");
        }
        if (elements > 0) {
            launch(kernel, (elements + kernel.localX - 1) / kernel.localX, refs, more);
        }
    }

    static int elements(Place place) {
        return Math.toIntExact(place.type().shape().elements());
    }

    private void elementwise(Kernel kernel, List<Place> operands, int... more) {
        int n = elements(operands.getLast());
        int[] parameters = new int[1 + more.length];
        parameters[0] = n;
        System.arraycopy(more, 0, parameters, 1, more.length);
        launchElements(kernel, n, operands.stream().map(this::ref).toList(), parameters);
    }

    void fill(Ref y, int n, float value) {
        launchElements(Kernel.FILL, n, List.of(y), n, constants.index(value));
    }

    static Widening widening(Place weight) {
        return weight.type().dtype() == DType.F32 ? null : Widening.of(weight.type().dtype(), 0);
    }

    private void matMul(MatMul op, List<Place> in, Place y) {
        boolean isSum = in.size() > MatMul.C;
        if (isSum && !ref(in.get(MatMul.C)).equals(ref(y))) {
            Place start = in.get(MatMul.C);
            Widening narrow = widening(start);
            Ref wide = narrow == null ? ref(start) : products.widened(ref(start), elements(start), narrow);
            launchElements(Kernel.COPY, elements(y), List.of(wide, ref(y)), elements(y));
        }
        product(op, in, y, isSum);
    }

    private void product(MatMul op, List<Place> in, Place c, boolean accumulate) {
        Place a = in.get(MatMul.A);
        Place b = in.get(MatMul.B);
        int m = dim(c, 0);
        int n = dim(c, 1);
        int k = dim(a, op.transposeA() ? 0 : 1);
        // Only the right operand may be narrower: a weight on the left is widened first.
        Ref left = a.type().dtype() == DType.F32 ? ref(a) : products.widened(ref(a), elements(a), widening(a));
        products.add(MatrixProduct.of(left, op.transposeA(), ref(b), op.transposeB(), ref(c), m, n, k, accumulate,
                widening(b)));
    }

    private void embedding(Place table, Place ids, Place y) {
        Widening w = widening(table);
        Kernel kernel = Widening.choose(w, Kernel.PICK_ROWS, Kernel.PICK_ROWS_HALF, Kernel.PICK_ROWS_QUANTIZED);
        List<Ref> refs = List.of(ref(table), ref(y));
        if (w == null) {
            launchElements(kernel, elements(y), refs, elements(y), dim(y, 1), ref(ids).offset());
        } else {
            launchElements(kernel, elements(y), refs, elements(y), dim(y, 1), ref(ids).offset(), w.bits(), w.scales(),
                    w.ones());
        }
    }

    private void addToRows(Place ids, Place dy, Place dTable) {
        launchElements(Kernel.ADD_TO_ROWS, dim(dy, 1), List.of(ref(dy), ref(dTable)), dim(dy, 1), dim(dy, 0),
                ref(ids).offset());
    }

    private void swiGlu(Place gate, Place up, Place y, List<Instruction> next) {
        if (products.isLeftNext(y, next)) {
            Ref rounded = products.leftBeside(ref(y), elements(y));
            launchElements(Kernel.SWIGLU_ROUNDED, elements(y), List.of(ref(gate), ref(up), ref(y), rounded),
                    elements(y));
        } else {
            elementwise(Kernel.SWIGLU, List.of(gate, up, y));
        }
    }

    private void cacheAppend(Place cache, Place x, Place slots) {
        launchElements(Kernel.PUT_ROWS, elements(x), List.of(ref(cache), ref(x)), elements(x), dim(x, 1),
                ref(slots).offset());
    }
}
