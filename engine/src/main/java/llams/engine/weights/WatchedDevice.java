package llams.engine.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Observer;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;

/// See [LlamaWeights#watched].
record WatchedDevice(Device device, Checkpoint checkpoint) implements Device {
    @Override
    public String name() {
        return device.name();
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public String arithmetic() {
        return device.arithmetic();
    }

    @Override
    public Class<?> kernel(Program.Instruction instruction) {
        return device.kernel(instruction);
    }

    @Override
    public Optional<String> unavailable() {
        return device.unavailable();
    }

    @Override
    public Options options() {
        return device.options();
    }

    @Override
    public void expect(List<Program> programs) {
        device.expect(programs);
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        return new WatchedSession(device.open(resident, options), checkpoint);
    }

    private record WatchedSession(Session session, Checkpoint checkpoint) implements Session {
        @Override
        public Executable compile(Program program) {
            Executable executable = session.compile(program);
            boolean readsWeights = program.leaves().stream().anyMatch(leaf -> leaf.kind() == Leaf.Kind.WEIGHT);
            return readsWeights ? new WatchedExecutable(executable, checkpoint) : executable;
        }

        @Override
        public Tensor read(String name) {
            return session.read(name);
        }

        @Override
        public void observe(Observer observer) {
            session.observe(observer);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private record WatchedExecutable(Executable executable, Checkpoint checkpoint) implements Executable {
        @Override
        public Tensor input(String name) {
            return executable.input(name);
        }

        @Override
        public void run() {
            run(_ -> {});
        }

        @Override
        public void run(Consumer<Leaf> settled) {
            try {
                executable.run(settled);
            } catch (InternalError e) {
                // A page of a mapped file is gone. If the file does not show it, the disk has failed.
                verify();
                throw new UncheckedIOException(new IOException(
                        checkpoint.path + ": its weights cannot be read any more: " + e.getMessage(), e));
            }
            verify();
        }

        private void verify() {
            try {
                checkpoint.verifyUnchanged();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Tensor output(String name) {
            return executable.output(name);
        }

        @Override
        public boolean givesBack() {
            return executable.givesBack();
        }

        @Override
        public void close() {
            executable.close();
        }
    }
}
