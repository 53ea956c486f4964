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
    /// cuBLAS, BF16 by BF16 where a weight is narrower than F32, and in attention; what is F32 on both sides stays so.
    BF16;

    /// Names one of them; by default cuBLAS computes if there is CUDA and it, else the kernels do.
    static final String PROPERTY = "llams.gpu.products";

    /// Who computes products of a few rows with a weight in BF16, where [#BF16] is chosen: `cublas` (as it is) or
    /// `kernel`, which takes the rows as they are.
    public static final String ROWS_PROPERTY = "llams.gpu.rows";

    /// True if a kernel of ours computes products of a few rows.
    ///
    /// @throws IllegalArgumentException if the setting is none
    static boolean areRowsOurs() {
        String wanted = System.getProperty(ROWS_PROPERTY, "cublas");
        if (!wanted.equals("cublas") && !wanted.equals("kernel")) {
            throw new IllegalArgumentException("-D" + ROWS_PROPERTY + "=" + wanted + " is none of cublas, kernel");
        }
        return wanted.equals("kernel");
    }

    /// @throws IllegalArgumentException if the setting is none, or not possible here
    /// @throws IllegalStateException if it asks for cuBLAS and that is not there
    public static ProductMode chosen() {
        boolean isCuda = Gpu.backend() == TornadoVMBackendType.CUDA;
        areRowsOurs();
        String wanted = System.getProperty(PROPERTY);
        if (wanted == null) {
            return isCuda && CuBlas.missing().isEmpty() ? BF16 : KERNELS;
        }
        ProductMode products = Arrays.stream(values())
                .filter(value -> value.toString().equals(wanted))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is none of "
                        + Arrays.stream(values()).map(ProductMode::toString).collect(Collectors.joining(", "))));
        if (products == BF16 && !isCuda) {
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is cuBLAS, which is for"
                    + " TornadoVM's CUDA backend, and this is " + Gpu.backend());
        }
        if (products != KERNELS && isCuda) {
            CuBlas.load();
        }
        return isCuda ? products : KERNELS;
    }

    /// Why products cannot be computed as they should be; empty if they can.
    public static Optional<String> unavailable() {
        try {
            chosen();
            return Optional.empty();
        } catch (IllegalArgumentException | IllegalStateException e) {
            return Optional.of(e.getMessage());
        }
    }

    /// What a user should know of the products, if there is CUDA and nobody said that they should be so slow.
    public static Optional<String> warning() {
        boolean isSlow = Gpu.backend() == TornadoVMBackendType.CUDA && System.getProperty(PROPERTY) == null;
        return isSlow
                ? CuBlas.missing()
                        .map(why -> "products go through LLaMS's own kernels, which are far slower: " + why)
                : Optional.empty();
    }

    /// For these weights: a model of F32 alone is computed in F32.
    public ProductMode of(Collection<Tensor> weights) {
        return this == BF16 && weights.stream().allMatch(weight -> weight.dtype() == DType.F32) ? F32 : this;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
