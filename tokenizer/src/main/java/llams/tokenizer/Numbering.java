package llams.tokenizer;

import java.util.Arrays;

/// Between a vocabulary's own numbers and a model's ids. The vocabulary counts ordinary tokens by rank from 0 on, and
/// added ones after them; most models do the same. Those whose special tokens come first, or that leave ids out, do
/// not.
final class Numbering {

    static final int NONE = -1;

    private final int[] idOf;
    private final int[] numberOf;

    /// @param idOf the id of every number
    Numbering(int[] idOf) {
        this.idOf = idOf;
        int last = -1;
        for (int id : idOf) {
            last = Math.max(last, id);
        }
        numberOf = new int[last + 1];
        Arrays.fill(numberOf, NONE);
        for (int number = 0; number < idOf.length; number++) {
            numberOf[idOf[number]] = number;
        }
    }

    int id(int number) {
        return idOf[number];
    }

    /// [#NONE] if no token has this id.
    int number(int id) {
        return id < 0 || id >= numberOf.length ? NONE : numberOf[id];
    }

    /// One more than the highest id.
    int size() {
        return numberOf.length;
    }

    /// Turns numbers into ids, in place.
    int[] toIds(int[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = idOf[numbers[i]];
        }
        return numbers;
    }
}
