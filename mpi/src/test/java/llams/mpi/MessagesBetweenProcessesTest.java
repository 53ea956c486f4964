package llams.mpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import llams.engine.OtherJvm;
import llams.trainer.distributed.Launcher;
import org.junit.jupiter.api.Test;

/// Two processes under `mpirun`, where there is one: sums, other messages, null checks of the JVM, and the end of one of
/// them. Without it the tests are skipped.
class MessagesBetweenProcessesTest {
    private static boolean hasMpirun() {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "mpirun")));
    }

    private static OtherJvm.Run twoWorkers(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        assumeTrue(hasMpirun(), "skipped: there is no mpirun on the PATH (apt-get install openmpi-bin)");
        List<String> command = new ArrayList<>(List.of("mpirun", "-np", "2"));
        command.addAll(OtherJvm.command(List.of("-Xmx256m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"),
                List.of(MpiLauncher.class, Launcher.class), TwoWorkers.class, arguments));
        ProcessBuilder program = new ProcessBuilder(command);
        // Open MPI's settings, for machines of one core and for containers.
        program.environment()
                .putAll(Map.of("OMPI_ALLOW_RUN_AS_ROOT", "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1",
                        "OMPI_MCA_rmaps_base_oversubscribe", "1"));
        program.environment().putAll(environment);
        return OtherJvm.run(program);
    }

    @Test
    void messagesArrive() throws Exception {
        OtherJvm.Run run = twoWorkers(Map.of());
        assertEquals(0, run.exitCode(), run.output());
        for (int rank = 0; rank < 2; rank++) {
            assertTrue(run.output().contains("worker " + rank + " of 2 done"), run.output());
        }
    }

    @Test
    void theEndOfOneIsNoticed() throws Exception {
        OtherJvm.Run run = twoWorkers(Map.of(), "ends");
        assertTrue(run.exitCode() != 0, run.output());
        assertTrue(run.output().contains("lost: worker 1 on "), run.output());
    }

    @Test
    void signalsAreJavas() throws Exception {
        OtherJvm.Run run = twoWorkers(Map.of("UCX_ERROR_SIGNALS", "SIGSEGV"));
        assertTrue(run.exitCode() != 0, run.output());
        assertTrue(run.output().contains("UCX_ERROR_SIGNALS is \"SIGSEGV\""), run.output());
    }

    @Test
    void theLibraryIsThatOfTheLauncher() {
        IllegalStateException missing = assertThrows(IllegalStateException.class,
                () -> MpiLibrary.open(Map.of(MpiLauncher.MPICH_SIZE, "2", MpiLibrary.PATH, "libno-such-mpi.so")));
        assertTrue(missing.getMessage().startsWith("this process was launched by MPICH, and there is no MPI library"),
                missing.getMessage());
        MpiLauncher launcher = new MpiLauncher();
        assertTrue(launcher.hasStarted(Map.of(MpiLauncher.OPEN_MPI_SIZE, "4")));
        assertTrue(!launcher.hasStarted(Map.of(MpiLauncher.SLURM_SIZE, "4")));
    }
}
