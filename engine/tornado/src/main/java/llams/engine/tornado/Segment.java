package llams.engine.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// A few launches as one compiled graph. Where their parameters start in `ints` goes over before each run.
final class Segment implements AutoCloseable {
    private final IntArray pc = new IntArray(1);
    private final Plan plan;
    /// What each task is told of its launch before a run.
    private final List<Consumer<Launch>> tasks = new ArrayList<>();

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
            String id;
            CuBlasProvider.Call call = new CuBlasProvider.Call();
            if (launch.product() == null) {
                Plan.Task task = plan.task(launch.kernel().localX, launch.kernel().localY);
                id = task.id();
                tasks.add(next -> task.grid().setGlobalWork((long) next.groupsX() * next.kernel().localX,
                        (long) next.groupsY() * next.kernel().localY, next.groupsZ()));
            } else {
                id = plan.libraryTask();
                tasks.add(next -> call.product = next.product());
            }
            launch.kernel().add(new Kernel.Binding(plan.graph(), id, Plan.CONTEXT, pc, ints.ints(), consts.floats(), launch, k,
                    call));
            k += launch.parameters().length;
        }
    }

    /// @param launches   of the same shapes as those that this was made for
    /// @param parameters where theirs start, one behind the other
    void run(List<Launch> launches, int parameters) {
        pc.set(0, parameters);
        for (int i = 0; i < tasks.size(); i++) {
            tasks.get(i).accept(launches.get(i));
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
