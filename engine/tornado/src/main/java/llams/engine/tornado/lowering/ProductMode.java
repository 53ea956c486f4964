package llams.engine.tornado.lowering;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.cuda.CuBlas;
import llams.engine.tornado.launch.Gpu;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// Who computes products, and from what. Sums are F32 everywhere.
public enum ProductMode {
    /// The portable kernels: F32 by F32 or by widened weights.
    KERNELS,
    /// cuBLAS, F32 by F32: narrower weights are widened into scratch memory first. TF32 stays off.
    F32,
    /// cuBLAS, BF16 by BF16 where a weight is narrower than F32, and in attention; F32 by F32 stays F32.
    BF16;

    /// Names a mode; the default is `bf16` with CUDA and cuBLAS, otherwise `kernels`.
    static final String PROPERTY = "llams.gpu.products";

    /// Names what computes products of a few rows by a BF16 weight in mode [#BF16]: `cublas` (the default) or `kernel`,
    /// which does not round the rows.
    public static final String ROWS_PROPERTY = "llams.gpu.rows";

    /// True if the kernel for CUDA computes products of a few rows.
    ///
    /// @throws IllegalArgumentException if the setting is unknown
    static boolean isRowKernelChosen() {
        String wanted = System.getProperty(ROWS_PROPERTY, "cublas");
        if (!wanted.equals("cublas") && !wanted.equals("kernel")) {
            throw new IllegalArgumentException("-D" + ROWS_PROPERTY + "=" + wanted + " is not one of cublas, kernel");
        }
        return wanted.equals("kernel");
    }

    /// @throws IllegalArgumentException if the setting is unknown, or not possible here
    /// @throws IllegalStateException if it asks for cuBLAS and cuBLAS is not found
    public static ProductMode chosen() {
        boolean isCuda = Gpu.backend() == TornadoVMBackendType.CUDA;
        isRowKernelChosen();
        String wanted = System.getProperty(PROPERTY);
        if (wanted == null) {
            return isCuda && CuBlas.missing().isEmpty() ? BF16 : KERNELS;
        }
        ProductMode products = Arrays.stream(values())
                .filter(value -> value.toString().equals(wanted))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is not one of "
                        + Arrays.stream(values()).map(ProductMode::toString).collect(Collectors.joining(", "))));
        if (products == BF16 && !isCuda) {
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is cuBLAS's, which needs"
                    + " TornadoVM's CUDA backend, and this is " + Gpu.backend());
        }
        if (products != KERNELS && isCuda) {
            CuBlas.load();
        }
        return isCuda ? products : KERNELS;
    }

    /// Why products cannot be computed in the chosen mode; empty if they can.
    public static Optional<String> unavailable() {
        try {
            chosen();
            return Optional.empty();
        } catch (IllegalArgumentException | IllegalStateException e) {
            return Optional.of(e.getMessage());
        }
    }

    /// A warning if cuBLAS is missing with CUDA and the slow kernels were not asked for.
    public static Optional<String> warning() {
        boolean isSlow = Gpu.backend() == TornadoVMBackendType.CUDA && System.getProperty(PROPERTY) == null;
        return isSlow
                ? CuBlas.missing()
                        .map(why -> "products go through LLaMS's own kernels, which are far slower: " + why)
                : Optional.empty();
    }

    /// The mode for these weights: a model with only F32 weights is computed in F32.
    public ProductMode of(Collection<Tensor> weights) {
        return this == BF16 && weights.stream().allMatch(weight -> weight.dtype() == DType.F32) ? F32 : this;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
