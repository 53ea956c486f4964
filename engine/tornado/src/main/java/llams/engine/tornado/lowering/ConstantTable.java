package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.tornado.kernels.Widening;

/// The floats that kernels refer to by index: the tables of [Widening], then constants of ops.
public final class ConstantTable {
    /// Room on the device; a program needs only a handful.
    public static final int CAPACITY = 1 << 14;

    private final List<Float> values = new ArrayList<>();
    private final Map<List<Float>, Integer> indexes = new HashMap<>();

    public ConstantTable() {
        for (float value : Widening.tables()) {
            values.add(value);
        }
    }

    /// The index of the first of these, which are adjacent.
    int index(float... wanted) {
        List<Float> key = new ArrayList<>();
        for (float value : wanted) {
            key.add(value);
        }
        return indexes.computeIfAbsent(key, list -> {
            if (values.size() + list.size() > CAPACITY) {
                throw new IllegalArgumentException(
                        "gpu: the programs of this session have more than " + CAPACITY + " constants");
            }
            values.addAll(list);
            return values.size() - list.size();
        });
    }

    public int size() {
        return values.size();
    }

    public float[] all() {
        float[] all = new float[values.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = values.get(i);
        }
        return all;
    }
}
