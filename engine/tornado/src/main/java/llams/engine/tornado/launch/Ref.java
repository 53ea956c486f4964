package llams.engine.tornado.launch;

/// The position of a value: a block and the offset of the first element.
public record Ref(DeviceBlock block, int offset) {
    public Ref plus(long elements) {
        return new Ref(block, Math.toIntExact(offset + elements));
    }
}
