/// Messages between the workers of a training run through MPI, which launched them.
module llams.mpi {
    requires llams.trainer;

    provides llams.trainer.distributed.Launcher with llams.mpi.MpiLauncher;
}
