package llams.engine.tornado.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;

/// The functions of CUDA's driver API that are needed besides what TornadoVM calls. Every status but success is an
/// error. Handles and device addresses are `long`.
@SuppressWarnings("restricted")
public final class CudaDriver {
    public static final String LIBRARY = "libcuda.so.1";
    private static final int OUT_OF_MEMORY = 2;
    /// A capture survives other calls of the thread, such as allocations by a library.
    private static final int CAPTURE_RELAXED = 2;
    /// The default stream, which a library may use, does not synchronize with this one or end its capture.
    private static final int STREAM_NON_BLOCKING = 1;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
    private static final SymbolLookup SYMBOLS = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
    private static final MethodHandle SET_CONTEXT = function("cuCtxSetCurrent", LONG);
    private static final MethodHandle SYNCHRONIZE = function("cuCtxSynchronize");
    private static final MethodHandle ALLOCATE = function("cuMemAlloc_v2", POINTER, LONG);
    private static final MethodHandle FREE = function("cuMemFree_v2", LONG);
    private static final MethodHandle MEMORY = function("cuMemGetInfo_v2", POINTER, POINTER);
    private static final MethodHandle COPY_IN = function("cuMemcpyHtoDAsync_v2", LONG, POINTER, LONG, LONG);
    private static final MethodHandle COPY_OUT = function("cuMemcpyDtoHAsync_v2", POINTER, LONG, LONG, LONG);
    private static final MethodHandle CREATE_STREAM = function("cuStreamCreate", POINTER, INT);
    private static final MethodHandle WAIT = function("cuStreamSynchronize", LONG);
    private static final MethodHandle LAUNCH = function("cuLaunchKernel", LONG, INT, INT, INT, INT, INT, INT, INT, LONG,
            POINTER, LONG);
    private static final MethodHandle BEGIN_CAPTURE = function("cuStreamBeginCapture_v2", LONG, INT);
    private static final MethodHandle END_CAPTURE = function("cuStreamEndCapture", LONG, POINTER);
    private static final MethodHandle INSTANTIATE = function("cuGraphInstantiateWithFlags", POINTER, LONG, LONG);
    private static final MethodHandle LAUNCH_GRAPH = function("cuGraphLaunch", LONG, LONG);
    private static final MethodHandle DESTROY_GRAPH = function("cuGraphDestroy", LONG);
    private static final MethodHandle DESTROY_INSTANCE = function("cuGraphExecDestroy", LONG);
    private static final MethodHandle CREATE_EVENT = function("cuEventCreate", POINTER, INT);
    private static final MethodHandle RECORD_EVENT = function("cuEventRecord", LONG, LONG);
    private static final MethodHandle ELAPSED = function("cuEventElapsedTime", POINTER, LONG, LONG);
    private static final MethodHandle DESTROY_EVENT = function("cuEventDestroy_v2", LONG);
    private static final MethodHandle ERROR_NAME = function("cuGetErrorName", INT, POINTER);

    private CudaDriver() {}

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return function(SYMBOLS, name, arguments);
    }

    /// A C function that returns a status.
    ///
    /// @throws IllegalStateException if the library has no such function
    static MethodHandle function(SymbolLookup library, String name, MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(
                        library.find(name)
                                .orElseThrow(() -> new IllegalStateException("gpu: the library has no " + name)),
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /// Rethrows what a foreign call threw; returns only what wraps a checked exception.
    static IllegalStateException unexpected(Throwable thrown) {
        switch (thrown) {
            case Error error -> throw error;
            case RuntimeException own -> throw own;
            default -> {}
        }
        return new IllegalStateException("gpu: " + thrown, thrown);
    }

    /// Makes a context current on this thread, for the driver's functions and its libraries'.
    public static void enter(long context) {
        try {
            check("cuCtxSetCurrent", (int) SET_CONTEXT.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Waits for the device. TornadoVM only prints errors; here they are thrown.
    ///
    /// @throws IllegalStateException if work failed on the device, which refuses everything from then on
    public static void finish() {
        try {
            check("the work on the device", (int) SYNCHRONIZE.invokeExact());
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Waits for everything in a stream.
    ///
    /// @throws IllegalStateException as [#finish]
    static void finish(long stream) {
        try {
            check("the work on the device", (int) WAIT.invokeExact(stream));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long createStream() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(LONG);
            check("cuStreamCreate", (int) CREATE_STREAM.invokeExact(made, STREAM_NON_BLOCKING));
            return made.get(LONG, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// The address of new device memory, or 0 if there is not enough.
    static long allocate(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(LONG);
            int status = (int) ALLOCATE.invokeExact(made, bytes);
            if (status == OUT_OF_MEMORY) {
                return 0;
            }
            check("cuMemAlloc of " + bytes + " bytes", status);
            return made.get(LONG, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void free(long address) {
        try {
            check("cuMemFree", (int) FREE.invokeExact(address));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Free bytes of device memory.
    static long unused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocate(LONG, 2);
            check("cuMemGetInfo", (int) MEMORY.invokeExact(sizes, sizes.asSlice(LONG.byteSize())));
            return sizes.get(LONG, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Returns once the host memory may change again: an asynchronous copy may not have read it before.
    static void copyIn(MemorySegment from, long to, long stream) {
        try {
            check("copying " + from.byteSize() + " bytes to the device",
                    (int) COPY_IN.invokeExact(to, from, from.byteSize(), stream));
        } catch (Throwable e) {
            throw unexpected(e);
        }
        finish(stream);
    }

    /// Returns once the copy is complete.
    static void copyOut(long from, MemorySegment to, long stream) {
        try {
            check("copying " + to.byteSize() + " bytes from the device",
                    (int) COPY_OUT.invokeExact(to, from, to.byteSize(), stream));
        } catch (Throwable e) {
            throw unexpected(e);
        }
        finish(stream);
    }

    /// @param arguments pointers to a kernel's arguments
    static void launch(Launch launch, long function, MemorySegment arguments, long stream) {
        try {
            int status = (int) LAUNCH.invokeExact(function, launch.groupsX(), launch.groupsY(), launch.groupsZ(),
                    launch.kernel().localX, launch.kernel().localY, 1, 0, stream, arguments, 0L);
            if (status != 0) {
                check("the launch of " + launch.kernel() + " for " + launch.what() + ", " + launch.groupsX() + "x"
                        + launch.groupsY() + "x" + launch.groupsZ() + " groups of " + launch.kernel().localX + "x"
                        + launch.kernel().localY + " threads,", status);
            }
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Until [#endCapture], what is put into the stream is recorded for a graph and not run.
    static void beginCapture(long stream) {
        try {
            check("cuStreamBeginCapture", (int) BEGIN_CAPTURE.invokeExact(stream, CAPTURE_RELAXED));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// What has been recorded, as a graph that can be launched.
    static long endCapture(long stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(LONG);
            check("cuStreamEndCapture", (int) END_CAPTURE.invokeExact(stream, made));
            long kept = made.get(LONG, 0);
            int status = (int) INSTANTIATE.invokeExact(made, kept, 0L);
            check("cuGraphDestroy", (int) DESTROY_GRAPH.invokeExact(kept));
            check("cuGraphInstantiate", status);
            return made.get(LONG, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void launchGraph(long graph, long stream) {
        try {
            check("the launch of a CUDA graph", (int) LAUNCH_GRAPH.invokeExact(graph, stream));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void destroyGraph(long graph) {
        try {
            check("cuGraphExecDestroy", (int) DESTROY_INSTANCE.invokeExact(graph));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long createEvent() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(LONG);
            check("cuEventCreate", (int) CREATE_EVENT.invokeExact(made, 0));
            return made.get(LONG, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void recordEvent(long event, long stream) {
        try {
            check("cuEventRecord", (int) RECORD_EVENT.invokeExact(event, stream));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static long nanosBetween(long first, long second) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment millis = arena.allocate(ValueLayout.JAVA_FLOAT);
            check("cuEventElapsedTime", (int) ELAPSED.invokeExact(millis, first, second));
            return Math.round(1e6 * millis.get(ValueLayout.JAVA_FLOAT, 0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    static void destroyEvent(long event) {
        try {
            check("cuEventDestroy", (int) DESTROY_EVENT.invokeExact(event));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static void check(String what, int status) {
        if (status != 0) {
            throw new IllegalStateException(
                    "gpu: " + what + " failed with CUDA's error " + status + ", " + name(status) + switch (status) {
                        case OUT_OF_MEMORY -> ": use fewer tokens or --recompute";
                        case 700 -> ": a kernel accessed memory that is not its own; LLAMS_JAVA_OPTS=-D"
                                + LaunchMode.PROPERTY + "=each says which";
                        case 701 -> ": this card has too few registers or threads for it; please report it with the"
                                + " card's name";
                        default -> "";
                    });
        }
    }

    private static String name(int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ValueLayout.ADDRESS);
            int known = (int) ERROR_NAME.invokeExact(status, name);
            return known == 0 ? name.get(ValueLayout.ADDRESS, 0).reinterpret(100).getString(0) : "which has no name";
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }
}
