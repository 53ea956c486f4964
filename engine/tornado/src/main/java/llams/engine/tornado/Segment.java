package llams.engine.tornado;

import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// A few launches as one compiled graph. Where their parameters start in `ints` goes over before each run.
final class Segment implements AutoCloseable {
    private final IntArray pc = new IntArray(1);
    private final Plan plan;
    private final List<Plan.Task> tasks = new ArrayList<>();

    private final Profile profile;

    /// @param profile null to measure nothing
    Segment(List<Launch> launches, Block ints, Block consts, Profile profile) {
        this.profile = profile;
        plan = new Plan(profile != null);
        plan.send(pc).use(ints).use(consts);
        for (Launch launch : launches) {
            for (int i = 0; i < launch.blocks().size(); i++) {
                plan.use(launch.blocks().get(i), launch.blocks().get(i).alias(i));
            }
        }
        int k = 0;
        for (Launch launch : launches) {
            Plan.Task task = plan.task(launch.kernel().localX, launch.kernel().localY);
            tasks.add(task);
            launch.kernel().add(new Kernel.Binding(plan.graph(), task.id(), Plan.CONTEXT, pc, ints.ints(), consts.floats(),
                    launch, k));
            k += launch.parameters().length;
        }
    }

    /// @param launches   of the same shapes as those that this was made for
    /// @param parameters where theirs start, one behind the other
    void run(List<Launch> launches, int parameters) {
        pc.set(0, parameters);
        for (int i = 0; i < tasks.size(); i++) {
            Launch launch = launches.get(i);
            tasks.get(i).grid().setGlobalWork((long) launch.groupsX() * launch.kernel().localX,
                    (long) launch.groupsY() * launch.kernel().localY, launch.groupsZ());
        }
        plan.run();
        if (profile != null) {
            profile.add(launches, plan.kernelNanos());
        }
    }

    @Override
    public void close() {
        plan.close();
    }
}
