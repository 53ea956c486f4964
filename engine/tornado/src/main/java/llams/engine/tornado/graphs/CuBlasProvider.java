package llams.engine.tornado.graphs;

import llams.engine.tornado.cuda.CuBlas;
import llams.engine.tornado.cuda.CudaDriver;
import llams.engine.tornado.launch.MatrixProduct;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport;

/// Matrix products as tasks of TornadoVM's graphs. TornadoVM's own cuBLAS tasks have no BF16 with F32 results, and fix
/// shapes and positions when a graph is built; here one graph serves every layer.
public final class CuBlasProvider implements TornadoLibraryProvider {
    private static final String NAME = "llams/cublas";

    /// What a task computes the next time its graph runs.
    static final class Call {
        MatrixProduct product;
    }

    /// The library as one execution plan uses it.
    private record Share(CuBlas library, long context) implements LibraryContext {}

    /// Called by TornadoVM's service loader.
    public CuBlasProvider() {}

    static LibraryTaskDescriptor task(Call call, TornadoNativeArray a, TornadoNativeArray b, TornadoNativeArray c) {
        return new LibraryTaskDescriptor().withLibrary(NAME)
                .withFunction("product")
                .withParameters(new Object[] {a, b, c})
                .withAccess(new Access[] {Access.READ_ONLY, Access.READ_ONLY, Access.READ_WRITE})
                .withTuning(call);
    }

    @Override
    public String libraryName() {
        return NAME;
    }

    @Override
    public boolean canHandle(TornadoXPUDevice device) {
        return device instanceof TornadoNativeStreamSupport;
    }

    @Override
    public LibraryContext createContext(TornadoXPUDevice device, long plan) {
        Share share = new Share(CuBlas.load(), ((TornadoNativeStreamSupport) device).getNativeContext(plan));
        CudaDriver.enter(share.context);
        share.library.acquire();
        return share;
    }

    @Override
    public void dispatch(String function, LibraryInvocation invocation) {
        Share share = (Share) invocation.getContext();
        // A plan has a stream for each thread that runs it.
        long stream = ((TornadoNativeStreamSupport) invocation.getDevice())
                .getNativeStream(invocation.getExecutionPlanId());
        CudaDriver.enter(share.context);
        share.library.multiply(((Call) invocation.getTuning()).product, new CuBlas.Stream(stream, 0, 0),
                invocation.getDevicePointer(0), invocation.getDevicePointer(1), invocation.getDevicePointer(2));
    }

    @Override
    public void destroyContext(LibraryContext context) {
        Share share = (Share) context;
        CudaDriver.enter(share.context);
        share.library.release();
    }
}
