package llams.engine.generate;

/// A range of the cache's rows in which one sequence lives. After it has ended, its rows stay until another needs the
/// slot: a prompt that begins alike takes over those that were read as a prompt. Rows of generated tokens are not: they
/// were computed by other kernels, and a prompt must give the same scores whether it finds something or not.
final class Slot {
    /// Its first row.
    final int base;
    /// The tokens of its rows, and those of the prompt that are still to be read.
    final int[] ids;
    /// Scores of the next token, `[vocab]`.
    final float[] logits;
    /// Number of the model whose keys and values these are; -1 at first.
    int model = -1;
    /// Tokens in the cache.
    int length;
    /// Tokens of the prompt.
    int promptLength;
    boolean isTaken;
    /// Rises with every use.
    long lastUse;

    Slot(int base, int context, int vocab) {
        this.base = base;
        this.ids = new int[context];
        this.logits = new float[vocab];
    }

    /// The tokens from the start that a prompt need not read again. Its last one is always read, for its scores.
    int shared(int other, int[] prompt) {
        if (model != other) {
            return 0;
        }
        int most = Math.min(Math.min(length, promptLength), prompt.length - 1);
        int count = 0;
        while (count < most && ids[count] == prompt[count]) {
            count++;
        }
        return count;
    }

    boolean isRead() {
        return length >= promptLength;
    }

    void take(int by, int[] prompt, int found, long use) {
        isTaken = true;
        model = by;
        length = found;
        promptLength = prompt.length;
        lastUse = use;
        System.arraycopy(prompt, 0, ids, 0, prompt.length);
    }

    void append(int id) {
        ids[length++] = id;
    }
}
