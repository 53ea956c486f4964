package llams.engine.tornado;

/// The first element of a value in a block.
record Ref(DeviceBlock block, int offset) {
    Ref plus(long elements) {
        return new Ref(block, Math.toIntExact(offset + elements));
    }
}
