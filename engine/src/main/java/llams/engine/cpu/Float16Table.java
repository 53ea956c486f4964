package llams.engine.cpu;

/// Every f16 as a float, by its bits: where a single one goes into all lanes, a load from here and its broadcast are
/// one instruction, which leaves the arithmetic units to the products. The scales of one model touch only a few of its
/// 256 KiB.
final class Float16Table {
    static final float[] VALUES = new float[1 << 16];

    static {
        for (int i = 0; i < VALUES.length; i++) {
            VALUES[i] = Float.float16ToFloat((short) i);
        }
    }

    private Float16Table() {}
}
