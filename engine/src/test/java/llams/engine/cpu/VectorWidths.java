package llams.engine.cpu;

import jdk.incubator.vector.FloatVector;

/// Which runs of the kernels' tests at another vector width have something new to show.
final class VectorWidths {
    static final String TESTED = "the run without llams.vectorBits has this width";

    private VectorWidths() {}

    static boolean isNew() {
        Integer bits = Integer.getInteger("llams.vectorBits");
        return bits == null || bits != FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }
}
