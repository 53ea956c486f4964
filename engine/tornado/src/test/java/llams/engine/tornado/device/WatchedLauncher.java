package llams.engine.tornado.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;

/// Records what is launched.
///
/// @param launched the kernels
/// @param prepared the number of launches of each prepared set
record WatchedLauncher(Launcher launcher, List<Kernel> launched, List<Integer> prepared) implements Launcher {
    WatchedLauncher(Launcher launcher, List<Kernel> launched) {
        this(launcher, launched, new ArrayList<>());
    }

    @Override
    public DeviceBlock allocate(DeviceBlock.Kind kind, long elements) {
        return launcher.allocate(kind, elements);
    }

    @Override
    public void free(DeviceBlock block) {
        launcher.free(block);
    }

    @Override
    public void write(MemorySegment from, DeviceBlock block, long offset) {
        launcher.write(from, block, offset);
    }

    @Override
    public void read(DeviceBlock block, long offset, MemorySegment to) {
        launcher.read(block, offset, to);
    }

    @Override
    public Prepared prepare(List<Launch> launches, DeviceBlock ints, DeviceBlock consts, int parameters,
            Profile profile) {
        launches.forEach(launch -> launched.add(launch.kernel()));
        prepared.add(launches.size());
        return launcher.prepare(launches, ints, consts, parameters, profile);
    }

    @Override
    public void close() {
        launcher.close();
    }
}
