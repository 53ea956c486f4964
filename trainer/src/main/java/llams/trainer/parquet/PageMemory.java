package llams.trainer.parquet;

/// How many bytes of pages all columns hold together.
final class PageMemory {
    /// Pages have about a megabyte.
    private static final long MOST_BYTES = 256L << 20;

    private long held;

    /// @throws Damage if that is more than any file needs
    void change(long bytes) {
        held += bytes;
        Damage.check(held <= MOST_BYTES, "pages of more than " + MOST_BYTES + " bytes");
    }
}
