package llams.engine.tornado.device;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;
import llams.engine.tornado.launch.Ref;
import llams.engine.tornado.lowering.DeviceLayout;
import llams.engine.tornado.lowering.VisibleRows;

/// A program of a session. Inputs are copied before each run, outputs when they are asked for. Two things are settled
/// only when it runs: where its temporaries lie, as other programs may have enlarged the session's memory since, and
/// how many rows of keys it reads, as a cache fills up.
final class GpuExecutable implements Executable {
    private static final int NONE = -1;

    private final GpuSession session;
    private final Program program;
    private final Inputs inputs;
    private final VisibleRows visibleRows;
    private final Map<String, Ref> leaves;
    /// The most integers that its launches' parameters take, and where they start, or [#NONE].
    private final int room;
    private int parameters = NONE;
    private final Map<String, Tensor> outputs = new HashMap<>();
    private DeviceLayout layout;
    /// By number of rows of keys.
    private final Map<Integer, Settled> settled = new HashMap<>();
    /// The one whose parameters are on the device.
    private Settled current;
    private boolean hasRun;

    /// The inputs of a program, contiguous here and on the device.
    ///
    /// @param areas  what is copied before a run, and where to
    record Inputs(Map<String, Tensor> tensors, Map<MemorySegment, Ref> areas) {}

    /// The launches for one number of rows.
    private record Settled(List<Launch> launches, Launcher.Prepared prepared) {}

    GpuExecutable(GpuSession session, Program program, Inputs inputs, VisibleRows visibleRows, Map<String, Ref> leaves,
            int room) {
        this.session = session;
        this.program = program;
        this.inputs = inputs;
        this.visibleRows = visibleRows;
        this.leaves = leaves;
        this.room = room;
    }

    @Override
    public Tensor input(String name) {
        Tensor input = inputs.tensors.get(name);
        if (input == null) {
            throw new IllegalArgumentException("the program has no input \"" + name + "\"");
        }
        return input;
    }

    @Override
    public void run() {
        Profile profile = session.profile;
        settle();
        if (profile != null) {
            // The first run compiles.
            profile.begin(hasRun);
        }
        inputs.areas.forEach((area, ref) -> session.launcher.write(area, ref.block(), ref.offset()));
        if (profile != null) {
            profile.inputsAreIn();
        }
        current.prepared.run();
        hasRun = true;
        if (profile != null) {
            profile.end();
        }
    }

    private void settle() {
        DeviceLayout.Temporary temporary = session.temporary();
        if (layout == null || !layout.temporary().equals(temporary)) {
            forget();
            layout = new DeviceLayout(leaves, temporary, session.consts);
        }
        if (parameters == NONE) {
            parameters = session.parameters(room);
        }
        Settled wanted = settled.computeIfAbsent(visibleRows.rows(), this::settle);
        if (wanted != current) {
            session.sendParameters(wanted.launches, parameters);
            current = wanted;
        }
    }

    private Settled settle(int rows) {
        List<Launch> launches = session.lower(program, layout, rows).launches();
        int needed = launches.stream().mapToInt(Launch::room).sum();
        if (needed > room) {
            throw new IllegalStateException("gpu: a program has become " + needed / Launch.PARAMETERS
                    + " kernels, more than " + room / Launch.PARAMETERS);
        }
        return new Settled(launches,
                session.launcher.prepare(launches, session.ints, session.consts, parameters, session.profile));
    }

    /// @throws IllegalStateException if the program has not run
    @Override
    public Tensor output(String name) {
        Program.Place place = program.outputs().get(name);
        if (place == null) {
            throw new IllegalArgumentException("the program has no output \"" + name + "\"");
        }
        if (layout == null) {
            throw new IllegalStateException("gpu: output \"" + name + "\" was asked for before the program ran");
        }
        Tensor output = outputs.computeIfAbsent(name,
                key -> Tensor.allocate(session.arena, place.type().dtype(), place.type().shape()));
        Ref ref = layout.of(place);
        session.launcher.read(ref.block(), ref.offset(), output.data());
        return output;
    }

    /// Frees the room of its parameters until it runs again.
    void release() {
        forget();
        parameters = NONE;
    }

    private void forget() {
        settled.values().forEach(those -> those.prepared.close());
        settled.clear();
        current = null;
    }
}
