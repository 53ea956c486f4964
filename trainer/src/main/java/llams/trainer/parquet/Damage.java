package llams.trainer.parquet;

/// What a file cannot have, found where it is not known which file that is: [ParquetFile] says so.
final class Damage extends RuntimeException {
    private static final long serialVersionUID = 1;

    Damage(String found) {
        super(found);
    }

    static void check(boolean holds, String found) {
        if (!holds) {
            throw new Damage(found);
        }
    }
}
