package llams.engine.tornado.cuda;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.MatrixProduct;

/// NVIDIA's cuBLAS through its C functions: one handle for all, used in the stream that each call names. A thread's
/// graphs run one after the other, each to its end, so they can share the handle's memory.
@SuppressWarnings("restricted")
public final class CuBlas {
    /// Names the library's file, if it is not found otherwise.
    static final String PROPERTY = "llams.gpu.cublas";
    private static final List<String> VERSIONS = List.of("13", "12");
    private static final int OP_N = 0;
    private static final int OP_T = 1;
    private static final int R_32F = 0;
    private static final int R_16BF = 14;
    /// Sums in F32, inputs as they are: no TF32.
    private static final int COMPUTE_32F = 68;
    private static final int GEMM_DEFAULT = -1;
    private static CuBlas loaded;

    /// Where products go.
    ///
    /// @param handle    the driver's
    /// @param workspace device memory for cuBLAS in this stream, 0 to let it allocate its own
    public record Stream(long handle, long workspace, long workspaceBytes) {}

    private final MethodHandle create;
    private final MethodHandle destroy;
    private final MethodHandle setStream;
    private final MethodHandle setWorkspace;
    private final MethodHandle gemm;
    private final MethodHandle batched;
    private final MemorySegment alpha = Arena.global().allocate(ValueLayout.JAVA_FLOAT);
    private final MemorySegment beta = Arena.global().allocate(ValueLayout.JAVA_FLOAT);
    private int users;
    private MemorySegment handle;
    private Stream stream;
    private Thread lastUser;

    private CuBlas(SymbolLookup library) {
        AddressLayout p = ValueLayout.ADDRESS;
        ValueLayout.OfInt i = ValueLayout.JAVA_INT;
        ValueLayout.OfLong l = ValueLayout.JAVA_LONG;
        create = CudaDriver.function(library, "cublasCreate_v2", p);
        destroy = CudaDriver.function(library, "cublasDestroy_v2", p);
        setStream = CudaDriver.function(library, "cublasSetStream_v2", p, l);
        setWorkspace = CudaDriver.function(library, "cublasSetWorkspace_v2", p, l, l);
        gemm = CudaDriver.function(library, "cublasGemmEx", p, i, i, i, i, i, p, l, i, i, l, i, i, p, l, i, i, i, i);
        batched = CudaDriver.function(library, "cublasGemmStridedBatchedEx", p, i, i, i, i, i, p, l, i, i, l, l, i, i,
                l, p, l, i, i, l, i, i, i);
    }

    /// @throws IllegalStateException if it is not found; the message says where it was looked for, and what to do
    public static synchronized CuBlas load() {
        missing().ifPresent(why -> {
            throw new IllegalStateException(why);
        });
        return loaded;
    }

    /// Why it cannot be used; empty if it can.
    public static synchronized Optional<String> missing() {
        if (loaded != null) {
            return Optional.empty();
        }
        List<String> tried = new ArrayList<>();
        for (String file : candidates()) {
            SymbolLookup library = open(file);
            if (library != null) {
                loaded = new CuBlas(library);
                return Optional.empty();
            }
            tried.add(file);
        }
        return Optional.of("cuBLAS is not there; looked for " + String.join(", ", tried) + ": install NVIDIA's CUDA"
                + " toolkit or Python's nvidia-cublas, and name it by LD_LIBRARY_PATH or LLAMS_JAVA_OPTS=-D" + PROPERTY
                + "=FILE");
    }

    private static List<String> candidates() {
        String named = System.getProperty(PROPERTY);
        if (named != null) {
            return List.of(named);
        }
        List<String> files = new ArrayList<>();
        VERSIONS.forEach(version -> files.add("libcublas.so." + version));
        List<String> places = new ArrayList<>();
        for (String home : new String[] {System.getenv("CUDA_HOME"), System.getenv("CUDA_PATH"), "/usr/local/cuda"}) {
            if (home != null && !home.isEmpty()) {
                places.add(home + "/lib64");
            }
        }
        for (String place : places) {
            VERSIONS.forEach(version -> files.add(place + "/libcublas.so." + version));
        }
        return files.stream().distinct().toList();
    }

    private static SymbolLookup open(String file) {
        Path path = Path.of(file);
        if (path.getParent() != null) {
            // It needs a second library from the same directory, which the loader might not search.
            Path second = path.resolveSibling(path.getFileName().toString().replace("libcublas.", "libcublasLt."));
            if (Files.exists(second) && !second.equals(path)) {
                lookUp(second.toString());
            }
        }
        return lookUp(file);
    }

    private static SymbolLookup lookUp(String file) {
        try {
            return SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /// Every user must call this before its first product, in the context it works in.
    public synchronized void acquire() {
        if (users == 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment made = arena.allocate(ValueLayout.ADDRESS);
                check("cublasCreate", (int) create.invokeExact(made));
                handle = made.get(ValueLayout.ADDRESS, 0);
                stream = null;
            } catch (Throwable e) {
                throw CudaDriver.unexpected(e);
            }
        }
        users++;
    }

    public synchronized void release() {
        users--;
        if (users == 0) {
            try {
                check("cublasDestroy", (int) destroy.invokeExact(handle));
            } catch (Throwable e) {
                throw CudaDriver.unexpected(e);
            }
        }
    }

    /// Puts a product into a stream. `a`, `b` and `c` are the device addresses of the blocks' first elements. cuBLAS is
    /// column-major, so it computes `cᵀ = bᵀ aᵀ`.
    public synchronized void multiply(MatrixProduct p, Stream in, long a, long b, long c) {
        boolean isHalf = p.a().block().kind == DeviceBlock.Kind.SHORTS;
        int type = isHalf ? R_16BF : R_32F;
        long bytes = p.a().block().kind.bytes;
        int opA = p.colA() == 1 ? OP_N : OP_T;
        int opB = p.colB() == 1 ? OP_N : OP_T;
        if (opA == OP_T && p.rowA() != 1 || opB == OP_T && p.rowB() != 1 || p.b().block().kind != p.a().block().kind) {
            throw new IllegalStateException("gpu: cuBLAS cannot compute " + p);
        }
        // The stride of a single row is arbitrary, and may be less than cuBLAS allows.
        int lda = opA == OP_N ? Math.max(p.rowA(), p.k()) : Math.max(p.colA(), p.m());
        int ldb = opB == OP_N ? Math.max(p.rowB(), p.n()) : Math.max(p.colB(), p.k());
        int ldc = Math.max(p.rowC(), p.n());
        int batch = p.inners() / p.groupB();
        alpha.set(ValueLayout.JAVA_FLOAT, 0, (float) p.alpha());
        beta.set(ValueLayout.JAVA_FLOAT, 0, p.accumulate() ? 1 : 0);
        try {
            if (!in.equals(stream)) {
                if (lastUser != Thread.currentThread()) {
                    // Another thread's work may still be under way in its stream.
                    CudaDriver.finish();
                    lastUser = Thread.currentThread();
                }
                check("cublasSetStream", (int) setStream.invokeExact(handle, in.handle));
                if (in.workspace != 0) {
                    check("cublasSetWorkspace",
                            (int) setWorkspace.invokeExact(handle, in.workspace, in.workspaceBytes));
                }
                stream = in;
            }
            for (int outer = 0; outer < p.outers(); outer++) {
                for (int member = 0; member < p.groupB(); member++) {
                    long atA = a + bytes * (p.a().offset() + (long) outer * p.outerA() + (long) member * p.innerA());
                    long atB = b + bytes * (p.b().offset() + (long) outer * p.outerB());
                    long atC = c
                            + Float.BYTES * (p.c().offset() + (long) outer * p.outerC() + (long) member * p.innerC());
                    if (batch == 1) {
                        check(p, (int) gemm.invokeExact(handle, opB, opA, p.n(), p.m(), p.k(), alpha, atB, type, ldb,
                                atA, type, lda, beta, atC, R_32F, ldc, COMPUTE_32F, GEMM_DEFAULT));
                    } else {
                        check(p, (int) batched.invokeExact(handle, opB, opA, p.n(), p.m(), p.k(), alpha, atB, type, ldb,
                                (long) p.innerB(), atA, type, lda, (long) p.groupB() * p.innerA(), beta, atC, R_32F,
                                ldc, (long) p.groupB() * p.innerC(), batch, COMPUTE_32F, GEMM_DEFAULT));
                    }
                }
            }
        } catch (Throwable e) {
            throw CudaDriver.unexpected(e);
        }
    }

    private static void check(MatrixProduct p, int status) {
        if (status != 0) {
            check("cublasGemmEx of " + p.m() + "x" + p.n() + "x" + p.k() + " by " + p.outers() * p.inners(), status);
        }
    }

    private static void check(String what, int status) {
        if (status != 0) {
            throw new IllegalStateException("gpu: " + what + " gave " + switch (status) {
                case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
                case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
                case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
                case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
                case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
                case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
                case 15 -> "CUBLAS_STATUS_NOT_SUPPORTED";
                default -> "an unknown status";
            } + " (" + status + ")");
        }
    }
}
