package llams.engine.tornado;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.Program;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.Places.Ref;

/// A program as graphs run one after the other. Inputs go over before each run, outputs come back when they are asked for.
final class GpuExecutable implements Executable {
    /// One run of a graph.
    ///
    /// @param blocks     the distinct ones of its launches
    /// @param parameters where those of its launches start
    record Step(Segment segment, List<Launch> launches, List<Block> blocks, int parameters) {
    }

    private final Program program;
    private final Map<String, Tensor> inputs;
    private final Places places;
    private final List<Step> steps;
    private final Memory memory;
    private final Arena arena;
    private final Map<String, Tensor> outputs = new HashMap<>();
    private final Profile profile;
    private boolean hasRun;

    GpuExecutable(Program program, Map<String, Tensor> inputs, Places places, List<Step> steps, Memory memory, Arena arena,
            Profile profile) {
        this.program = program;
        this.inputs = inputs;
        this.places = places;
        this.steps = steps;
        this.memory = memory;
        this.arena = arena;
        this.profile = profile;
    }

    @Override
    public Tensor input(String name) {
        Tensor input = inputs.get(name);
        if (input == null) {
            throw new IllegalArgumentException("the program has no input \"" + name + "\"");
        }
        return input;
    }

    @Override
    public void run() {
        if (profile != null) {
            // The first run compiles.
            profile.begin(hasRun);
        }
        inputs.forEach((name, tensor) -> {
            Ref ref = places.leaves().get(name);
            memory.write(tensor.data(), ref.block(), ref.offset());
        });
        if (profile != null) {
            profile.inputsAreIn();
        }
        for (Step step : steps) {
            step.segment.run(step.launches, step.blocks, step.parameters);
        }
        hasRun = true;
        if (profile != null) {
            profile.end();
        }
    }

    @Override
    public Tensor output(String name) {
        Program.Place place = program.outputs().get(name);
        if (place == null) {
            throw new IllegalArgumentException("the program has no output \"" + name + "\"");
        }
        Tensor output = outputs.computeIfAbsent(name,
                key -> Tensor.allocate(arena, place.type().dtype(), place.type().shape()));
        Ref ref = places.of(place);
        memory.read(ref.block(), ref.offset(), output.data());
        return output;
    }
}
