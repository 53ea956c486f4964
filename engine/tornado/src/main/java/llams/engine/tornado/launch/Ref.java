package llams.engine.tornado.launch;

/// The first element of a value in a block.
public record Ref(DeviceBlock block, int offset) {
    public Ref plus(long elements) {
        return new Ref(block, Math.toIntExact(offset + elements));
    }
}
