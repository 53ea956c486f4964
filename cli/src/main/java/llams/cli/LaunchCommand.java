package llams.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import llams.trainer.run.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams launch`: a training run that is started again when it fails.
@Command(
        name = "launch",
        sortOptions = false,
        description = {"Start a training run again if it fails.",
                "When a worker is killed, or a machine or the network fails, the run ends; this command then starts it"
                        + " again with --resume, and it continues from its newest save. A run that ends in order, that"
                        + " is interrupted, or that refuses its options is not started again.",
                "The exit code is that of the last attempt."},
        footer = {"", "Examples:", "  llams launch --workers 4 -- train -m model --data chats.jsonl --out tuned",
                "  llams launch --workers 2 --hosts h1,h2 -- train -m model --data a.txt --out o",
                "  llams launch --restarts 5 -- srun --mpi=pmix llams train -m m --data d --out o"})
final class LaunchCommand implements Callable<Integer> {
    private static final String TRAIN = "train";
    private static final String RESUME = "--resume";
    /// So that mpirun of Open MPI, too, ends within seconds when the network is down; by default it waits for minutes.
    private static final Map<String, String> KEEPALIVE = Map.of("OMPI_MCA_oob_tcp_keepalive_time", "4",
            "OMPI_MCA_oob_tcp_keepalive_intvl", "2", "OMPI_MCA_oob_tcp_keepalive_probes", "3");

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--restarts",
            paramLabel = "N",
            description = "How often to start again at most (default: ${DEFAULT-VALUE}).")
    int restarts = 3;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Start that many processes with mpirun (default: one process, without it).")
    int workers;

    @Option(
            names = "--hosts",
            paramLabel = "HOST",
            split = ",",
            description = "The machines for them, which share the workers in turn.")
    List<String> hosts = List.of();

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "How long to wait before starting again (default: ${DEFAULT-VALUE}).")
    int wait = 2;

    @Parameters(
            paramLabel = "COMMAND",
            arity = "1..*",
            description = "After --: 'train' with its options, or a whole command, such as mpirun with its options.")
    List<String> command;

    private volatile Process running;

    @Override
    public Integer call() throws IOException {
        check(restarts >= 0, "--restarts must be 0 or more, not " + restarts);
        check(wait >= 0, "--wait must be 0 or more, not " + wait);
        check(workers >= 0, "--workers must be 1 or more, not " + workers);
        check(command.contains(TRAIN), "the command must contain 'train'");
        boolean isOwn = command.getFirst().equals(TRAIN);
        check(isOwn || workers == 0 && hosts.isEmpty(),
                "--workers and --hosts are for a command that begins with 'train'");
        check(hosts.isEmpty() || workers > 0, "--hosts needs --workers");
        List<String> all = isOwn ? launched() : command;
        // Nothing stays behind if this command is interrupted again.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (running != null) {
                running.destroy();
            }
        }));
        for (int attempt = 0;; attempt++) {
            int code = run(all);
            if (code <= 0) {
                return -code;
            }
            if (code == Console.WRONG_USAGE || WorkInterruption.isCode(code) || attempt == restarts) {
                if (attempt > 0 && attempt == restarts) {
                    console.err.println("llams: started " + (attempt + 1)
                            + " times, and each attempt failed, the last with exit" + " code " + code + "; "
                            + newestSave().map(save -> "the newest save is " + save).orElse("there is no save"));
                }
                return code;
            }
            console.err.println("llams: the run ended with exit code " + code + "; starting again from "
                    + newestSave().map(Path::toString).orElse("the beginning, as there is no save") + " ("
                    + (attempt + 1) + " of " + restarts + ")");
            if (!pause()) {
                return code;
            }
            all = resuming(all);
        }
    }

    /// This program, or `mpirun` and this program.
    private List<String> launched() throws IOException {
        List<String> all = new ArrayList<>();
        if (workers > 0) {
            all.addAll(List.of("mpirun", "-np", String.valueOf(workers)));
            if (!hosts.isEmpty()) {
                int each = Math.ceilDiv(workers, hosts.size());
                all.addAll(List.of("-H", String.join(",", hosts.stream().map(host -> host + ":" + each).toList())));
            }
            // A worker takes all cores.
            all.addAll(List.of("--bind-to", "none"));
        }
        all.add(program());
        all.addAll(command);
        return all;
    }

    private static String program() throws IOException {
        String called = System.getProperty("llams.program", "llams");
        if (called.contains(File.separator)) {
            return Path.of(called).toAbsolutePath().toString();
        }
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(directory -> Path.of(directory, called))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IOException("there is no " + called + " on the PATH to start again; give the"
                        + " whole command after --, with the path of the program"))
                .toString();
    }

    /// The exit code of the command; its negative if it was this command that was told to end.
    private int run(List<String> all) throws IOException {
        Process process;
        try {
            ProcessBuilder builder = new ProcessBuilder(all).inheritIO().redirectError(ProcessBuilder.Redirect.PIPE);
            KEEPALIVE.forEach(builder.environment()::putIfAbsent);
            process = builder.start();
        } catch (IOException e) {
            throw new IOException(all.getFirst() + ": cannot be started: " + e.getMessage(), e);
        }
        running = process;
        try (WorkInterruption interruption = new WorkInterruption(console.err, "ending the run", () -> end(process));
                InputStream messages = process.getErrorStream()) {
            PrintStream err = VisibleStream.bare(console.err);
            byte[] part = new byte[4096];
            for (int count; (count = messages.read(part)) >= 0;) {
                err.write(part, 0, count);
                err.flush();
            }
            int code = process.waitFor();
            return interruption.code() == Console.DONE ? code : -interruption.code();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Tells a worker on this machine to end the run in order, for all; `mpirun` would leave them no time to save. If there
    /// is none here, the whole command.
    private static void end(Process process) {
        Optional<String> java = ProcessHandle.current().info().command();
        process.descendants()
                .filter(one -> java.isPresent() && one.info().command().equals(java))
                .findFirst()
                .ifPresentOrElse(ProcessHandle::destroy, process::destroy);
    }

    private boolean pause() {
        try {
            Thread.sleep(1000L * wait);
            return true;
        } catch (InterruptedException _) {
            return false;
        }
    }

    private static List<String> resuming(List<String> all) {
        if (all.contains(RESUME)) {
            return all;
        }
        List<String> resuming = new ArrayList<>(all);
        resuming.add(RESUME);
        return resuming;
    }

    /// Of the run whose `--out` stands in the command.
    private Optional<Path> newestSave() throws IOException {
        for (int i = 0; i < command.size(); i++) {
            String word = command.get(i);
            if (word.equals("--out") && i + 1 < command.size()) {
                return RunDirectory.newestSave(Path.of(command.get(i + 1)));
            }
            if (word.startsWith("--out=")) {
                return RunDirectory.newestSave(Path.of(word.substring("--out=".length())));
            }
        }
        return Optional.empty();
    }

    private void check(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}
