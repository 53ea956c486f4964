package llams.model.merge;

import java.io.IOException;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;

/// Spherical interpolation (Shoemake 1985) of two tensors taken as vectors: along the arc between their directions.
///
/// @param first  factor of the base
/// @param second factor of the other model
record Slerp(float first, float second) implements Blend {
    /// Vectors this near to parallel have no arc that could be told from a line.
    private static final double PARALLEL = 0.9995;
    /// Shorter vectors have no direction.
    private static final double SHORTEST = 1e-8;

    /// Sums of squares and products of two vectors.
    record Sums(double first, double second, double product) {
        Sums plus(Sums other) {
            return new Sums(first + other.first, second + other.second, product + other.product);
        }

        static Sums of(float[] a, float[] b, int count) {
            double first = 0;
            double second = 0;
            double product = 0;
            for (int i = 0; i < count; i++) {
                double x = a[i];
                double y = b[i];
                first += x * x;
                second += y * y;
                product += x * y;
            }
            return new Sums(first, second, product);
        }

        /// Cosine of the angle between the vectors.
        double cosine() {
            return product / (length(first) * length(second));
        }

        private static double length(double squares) {
            double length = Math.sqrt(squares);
            return length > SHORTEST ? length : 1;
        }
    }

    /// @param t 0 for the base, 1 for the other
    static Slerp at(float t, Sums sums) {
        double cosine = sums.cosine();
        if (Math.abs(cosine) > PARALLEL) {
            return new Slerp((float) (1.0 - t), t);
        }
        double angle = Math.acos(cosine);
        double sine = Math.sin(angle);
        return new Slerp((float) (Math.sin(angle * (1.0 - t)) / sine), (float) (Math.sin(angle * t) / sine));
    }

    static Slerp of(float t, Tensor base, Tensor other, PartWorkers<Workspace> workers) throws IOException {
        Sums[] sums = {new Sums(0, 0, 0)};
        Sums[] parts = new Sums[Math.toIntExact((base.elements() + Floats.CAPACITY - 1) / Floats.CAPACITY)];
        workers.run(0, base.elements(), Floats.CAPACITY, (work, begin, count) -> {
            work.inputs[0].read(base, begin, count);
            work.inputs[1].read(other, begin, count);
            parts[(int) (begin / Floats.CAPACITY)] = Sums.of(work.inputs[0].values, work.inputs[1].values, count);
        }, (_, begin, _) -> sums[0] = sums[0].plus(parts[(int) (begin / Floats.CAPACITY)]));
        return at(t, sums[0]);
    }

    @Override
    public void compute(Workspace work, long begin, int count) {
        WeightedMean.scale(work.result.values, work.inputs[0].values, first, count);
        WeightedMean.addScaled(work.result.values, work.inputs[1].values, second, count);
    }
}
