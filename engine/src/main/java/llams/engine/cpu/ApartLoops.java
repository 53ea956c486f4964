package llams.engine.cpu;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import llams.engine.tensor.DType;

/// The loops of each type of weights, called so that each is compiled by itself.
///
/// The compiler counts what it makes of a method and of all that it inlines there; beyond a limit, the vectors of further
/// calls stay objects for ever. All types' loops together are beyond it. What stands in an array is no constant for it, so a
/// call of that is never inlined, whatever was called before.
final class ApartLoops {
    private ApartLoops() {}

    /// By the types' numbers, static methods of these parameters that return nothing; filled by [#put].
    static MethodHandle[] none() {
        return new MethodHandle[DType.values().length];
    }

    static void put(MethodHandle[] loops, DType dtype, Class<?> holder, String name, Class<?>... parameters) {
        loops[dtype.ordinal()] = handle(holder, name, parameters);
    }

    /// A single loop, at index 0.
    static MethodHandle[] one(Class<?> holder, String name, Class<?>... parameters) {
        return new MethodHandle[] {handle(holder, name, parameters)};
    }

    private static MethodHandle handle(Class<?> holder, String name, Class<?>... parameters) {
        try {
            return MethodHandles.lookup().findStatic(holder, name, MethodType.methodType(void.class, parameters));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// What a call of a loop threw, as what it is.
    static RuntimeException thrown(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException problem
                ? problem
                : new IllegalStateException("a loop declares no exception", e);
    }
}
