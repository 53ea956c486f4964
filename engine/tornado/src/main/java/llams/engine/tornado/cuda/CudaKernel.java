package llams.engine.tornado.cuda;

/// A kernel that TornadoVM compiled for CUDA and that the driver can launch.
///
/// @param function  the driver's handle
/// @param arguments what it takes after [#RESERVED] pointers of TornadoVM's own: the index of an operand, or one of the
///                  constants below
/// @param context   the driver's context in which it can be launched
public record CudaKernel(long function, int[] arguments, long context) {
    /// TornadoVM's frame, constants, local memory and atomics, which these kernels do not use.
    static final int RESERVED = 4;
    public static final int PC = -1;
    static final int INTS = -2;
    static final int CONSTS = -3;
    static final int START = -4;
}
