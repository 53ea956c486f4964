package llams.engine.tornado.cuda;

/// A kernel as TornadoVM compiled it for CUDA, which the driver can launch. Compiled once a process.
///
/// @param function  the driver's handle
/// @param arguments what it wants, behind [#RESERVED] pointers of TornadoVM's own: an operand's place, or one of the
///                  constants
/// @param context   the driver's, in which it can be launched
public record CudaKernel(long function, int[] arguments, long context) {
    /// TornadoVM's kernels start with its frame, its constants, its local memory and its atomics, which ours do not
    /// use.
    static final int RESERVED = 4;
    public static final int PC = -1;
    static final int INTS = -2;
    static final int CONSTS = -3;
    static final int START = -4;
}
