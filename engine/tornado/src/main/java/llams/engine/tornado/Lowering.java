package llams.engine.tornado;

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
import llams.engine.tornado.Places.Ref;

/// Turns ops into launches.
final class Lowering {
    /// Pieces of at least this many tokens are a multiple of it.
    static final int EVEN = 64;
    /// Threads of a kernel, at most, so that their number rounded up to whole groups is an `int`.
    static final int ELEMENTS_LIMIT = Integer.MAX_VALUE - 1024;

    private final Places places;
    private final Constants constants;
    private final List<Launch> launches = new ArrayList<>();
    /// The op at hand.
    private String what;
    private final Scratch scratch;
    private final Scratch halves;
    private final ProductLowering products;
    private final long scratchLimit;
    private final int reach;
    private final Set<Place> lasts = new LinkedHashSet<>();

    /// What a program becomes.
    ///
    /// @param needs what memory it must have for that
    /// @param lasts what says how many rows of keys there are, where that matters; see [Reach]
    record Lowered(List<Launch> launches, Places.Sizes needs, Set<Place> lasts) {}

    private Lowering(Places places, Constants constants, Products products, Scratch rounded, long scratchLimit,
            int reach) {
        this.places = places;
        this.constants = constants;
        this.scratchLimit = scratchLimit;
        this.reach = reach;
        scratch = new Scratch(places.temporary().floats());
        halves = new Scratch(places.temporary().halves());
        this.products = new ProductLowering(this, products, rounded);
    }

    /// @param scratchLimit numbers that an op which can work in pieces takes for itself
    /// @param reach        rows of keys that tokens see, at most
    static Lowered lower(Program program, Places places, Constants constants, Products products, long scratchLimit,
            int reach) {
        Scratch rounded = new Scratch(places.temporary().rounded());
        Lowering lowering = new Lowering(places, constants, products, rounded, scratchLimit, reach);
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
        return new Lowered(lowering.launches, new Places.Sizes(program.slabBytes() / Float.BYTES,
                lowering.scratch.needed(), lowering.halves.needed(), rounded.needed()), lowering.lasts);
    }

    /// Lowers as many of these as can be done at once; returns how many that were, 0 if there is nothing to gain.
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
        Optional<NormLowering> norms = NormLowering.of(instructions, outputs);
        norms.ifPresent(found -> found.lower(this));
        return norms.map(NormLowering::length).orElse(0);
    }

    private void lower(Instruction at, List<Instruction> next) {
        List<Place> in = at.inputs();
        List<Place> out = at.results();
        Place y = out.isEmpty() ? null : out.getFirst();
        switch (at.op()) {
            case Constant(float value) -> fill(y, value);
            case Add() -> elementwise(Kernel.ADD, List.of(in.get(Add.A), in.get(Add.B), y));
            case Scale(float factor) -> elementwise(Kernel.SCALE, List.of(in.get(Scale.X), y), constants.index(factor));
            case MatMul op -> matMul(op, in, y);
            case Embedding() -> embedding(in.get(Embedding.TABLE), in.get(Embedding.IDS), y);
            case Embedding.Gradient _ -> {
                fill(y, 0);
                addToRows(in.get(Embedding.Gradient.IDS), in.get(Embedding.Gradient.DY), y);
            }
            case RmsNorm(float eps) -> rmsNorm(in.get(RmsNorm.X), in.get(RmsNorm.WEIGHT), eps, y, next);
            case RmsNorm.Gradient(float eps) -> rmsNormGradient(in, eps, y);
            case RmsNorm.WeightGradient(float eps) ->
                rmsNormWeightGradient(in.get(RmsNorm.WeightGradient.X), in.get(RmsNorm.WeightGradient.DY), eps, y);
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
            case SquaredNorm() -> new NormLowering(List.of(in.get(SquaredNorm.X)), y, 1).lower(this);
            case Accumulate(Accumulate.Summand summand) -> accumulate(summand, in, out, Accumulate.state(in));
            case CacheAppend() ->
                cacheAppend(in.get(CacheAppend.CACHE), in.get(CacheAppend.X), in.get(CacheAppend.SLOT));
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
        }
    }

    Ref ref(Place place) {
        return places.of(place);
    }

    static int dim(Place place, int axis) {
        return Math.toIntExact(place.type().shape().dim(axis));
    }

    Constants constants() {
        return constants;
    }

    /// A number on the device.
    Ref constant(float value) {
        return new Ref(places.consts(), constants.index(value));
    }

    ProductLowering products() {
        return products;
    }

    /// The op at hand, for people.
    String what() {
        return what;
    }

    /// Numbers in F32 that an op holds at a time where it has the choice.
    long scratchLimit() {
        return scratchLimit;
    }

    /// Rows of keys that tokens see, at most, where `last` says which is the last for each.
    int reach(Place last) {
        lasts.add(last);
        return reach;
    }

    /// F32 memory for this op alone.
    Ref scratch(long elements) {
        return scratch.take(elements);
    }

    /// 16-bit memory for this op alone.
    Ref halves(long elements) {
        return halves.take(elements);
    }

    void add(Launch launch) {
        launches.add(launch);
    }

    /// Adds a launch: a group a row or, with `elements`, threads for so many. Parameters: the offsets of `refs`, then
    /// `more`.
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

    private void fill(Place y, float value) {
        fill(ref(y), elements(y), value);
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
            elementwise(Kernel.COPY, List.of(in.get(MatMul.C), y));
        }
        product(op, in, y, isSum);
    }

    private void product(MatMul op, List<Place> in, Place c, boolean accumulate) {
        Place a = in.get(MatMul.A);
        Place b = in.get(MatMul.B);
        int m = dim(c, 0);
        int n = dim(c, 1);
        int k = dim(a, op.transposeA() ? 0 : 1);
        // Only the right side may be narrower: a weight on the left is made F32 first.
        Ref left = a.type().dtype() == DType.F32 ? ref(a) : products.widened(ref(a), elements(a), widening(a));
        products.add(
                Product.of(left, op.transposeA(), ref(b), op.transposeB(), ref(c), m, n, k, accumulate, widening(b)));
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

    private void rmsNorm(Place x, Place weight, float eps, Place y, List<Instruction> next) {
        Widening w = widening(weight);
        List<Ref> refs = List.of(ref(x), ref(weight), ref(y));
        if (w != null && products.isLeftNext(y, next)) {
            Ref rounded = products.leftBeside(ref(y), elements(y));
            launch(Kernel.RMS_NORM_HALF_ROUNDED, dim(x, 0), List.of(ref(x), ref(weight), ref(y), rounded), dim(x, 1),
                    constants.index(eps), w.bits(), w.scales(), w.ones());
            return;
        }
        if (w == null) {
            launch(Kernel.RMS_NORM, dim(x, 0), refs, dim(x, 1), constants.index(eps));
        } else {
            launch(Kernel.RMS_NORM_HALF, dim(x, 0), refs, dim(x, 1), constants.index(eps), w.bits(), w.scales(),
                    w.ones());
        }
    }

    private void rmsNormGradient(List<Place> in, float eps, Place dx) {
        Place x = in.get(RmsNorm.X);
        Place weight = in.get(RmsNorm.WEIGHT);
        Widening w = widening(weight);
        List<Ref> refs = List.of(ref(x), ref(weight), ref(in.get(RmsNorm.Gradient.DY)), ref(dx));
        if (w == null) {
            launch(Kernel.RMS_NORM_GRADIENT, dim(x, 0), refs, dim(x, 1), constants.index(eps));
        } else {
            launch(Kernel.RMS_NORM_GRADIENT_HALF, dim(x, 0), refs, dim(x, 1), constants.index(eps), w.bits(),
                    w.scales(), w.ones());
        }
    }

    private void rmsNormWeightGradient(Place x, Place dy, float eps, Place dWeight) {
        Ref r = scratch(dim(x, 0));
        launch(Kernel.INVERSE_RMS, dim(x, 0), List.of(ref(x), r), dim(x, 1), constants.index(eps));
        launchElements(Kernel.RMS_NORM_WEIGHT_GRADIENT, dim(x, 1), List.of(ref(x), r, ref(dy), ref(dWeight)), dim(x, 1),
                dim(x, 0));
    }

    private void cacheAppend(Place cache, Place x, Place slots) {
        launchElements(Kernel.PUT_ROWS, elements(x), List.of(ref(cache), ref(x)), elements(x), dim(x, 1),
                ref(slots).offset());
    }

    void adamW(AdamW op, List<Ref> operands, int n) {
        int first = constants.index((float) op.beta1(), (float) (1 - op.beta1()), (float) op.beta2(),
                (float) (1 - op.beta2()), (float) op.eps(), (float) op.weightDecay(), (float) op.clip());
        launchElements(Kernel.ADAMW, n, operands, n, first);
    }
}
