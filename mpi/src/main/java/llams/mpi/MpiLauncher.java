package llams.mpi;

import java.util.Map;
import llams.trainer.distributed.Launcher;
import llams.trainer.distributed.Messages;

/// `mpirun` of Open MPI or MPICH, and Slurm's `srun --mpi=pmix` or `--mpi=pmi2`.
public final class MpiLauncher implements Launcher {
    static final String OPEN_MPI_SIZE = "OMPI_COMM_WORLD_SIZE";
    static final String MPICH_SIZE = "PMI_SIZE";
    static final String SLURM_SIZE = "SLURM_NTASKS";
    /// Set in every process that `srun --mpi=pmix` starts; in an `sbatch` script itself it is not.
    private static final String PMIX_RANK = "PMIX_RANK";
    /// The signals that UCX, a transport of both libraries, takes.
    private static final String UCX_SIGNALS = "UCX_ERROR_SIGNALS";
    /// How Open MPI sends over TCP. By default the receiver asks for the rest of a long message, and asks behind what it
    /// sends itself, so that two workers that exchange long messages send one after the other.
    private static final String OPEN_MPI_TCP = "OMPI_MCA_btl_tcp_flags";
    /// The sender sends all, from where it lies.
    private static final String SEND_IN_PLACE = "9";

    @Override
    public String name() {
        return "mpi";
    }

    @Override
    public boolean hasStarted(Map<String, String> environment) {
        return environment.containsKey(OPEN_MPI_SIZE) || environment.containsKey(MPICH_SIZE)
                || environment.containsKey(PMIX_RANK);
    }

    @Override
    public int processes(Map<String, String> environment) {
        for (String name : new String[] {OPEN_MPI_SIZE, MPICH_SIZE, SLURM_SIZE}) {
            if (environment.containsKey(name)) {
                return Integer.parseInt(environment.get(name));
            }
        }
        return 0;
    }

    @Override
    public Messages connect() {
        Map<String, String> environment = System.getenv();
        String signals = environment.getOrDefault(UCX_SIGNALS, "");
        if (!signals.isEmpty()) {
            throw new IllegalStateException(UCX_SIGNALS + " is \"" + signals + "\": UCX would take signals that Java"
                    + " needs, and the program would crash; unset it, or set it to nothing: " + UCX_SIGNALS + "=");
        }
        // Unset, it means some signals.
        SignalHandler.setDefault(UCX_SIGNALS, "");
        SignalHandler.setDefault(OPEN_MPI_TCP, SEND_IN_PLACE);
        MpiLibrary library = MpiLibrary.open(environment);
        long handler = SignalHandler.address();
        MpiMessages messages = MpiMessages.init(library);
        if (SignalHandler.address() != handler) {
            throw new IllegalStateException(library.version() + " has taken the signal SIGSEGV, by which Java notices"
                    + " null references; run without the transport that does so, in Open MPI --mca pml ob1");
        }
        int launched = processes(environment);
        if (launched > 0 && launched != messages.size()) {
            throw new IllegalStateException(library.version() + " sees " + messages.size() + " of " + launched
                    + " processes: it does not go with what launched them; name the right library's file in "
                    + MpiLibrary.PATH);
        }
        return messages;
    }
}
