package llams.trainer.data;

import java.util.Arrays;
import llams.model.files.DataException;

/// One text or conversation as ids.
///
/// @param origin `file:line` of its beginning, for messages; ignored when documents are compared
/// @param ids    `[tokens]`
/// @param labels `[tokens]`, unshifted: `labels[i]` belongs to the token at i and is its id, or [#IGNORED]. It is what
///               position i - 1 has to predict, so `labels[0]` never counts. May be the same array as `ids`.
/// @param cut    whether a packer may cut the document and continue it in the next sequence: a text, yes; a
///               conversation, no, as the rest would be answers without their questions
public record Document(String origin, int[] ids, int[] labels, boolean cut) {
    /// The label of a token that the loss does not count.
    public static final int IGNORED = -100;

    public Document {
        if (ids.length != labels.length) {
            throw new DataException(origin + ": " + ids.length + " ids, but " + labels.length
                    + " labels; labels stand unshifted, one for each id, -100 where the loss does not count");
        }
    }

    /// A document that may be cut.
    public Document(String origin, int[] ids, int[] labels) {
        this(origin, ids, labels, true);
    }

    /// How many of the first `tokens` tokens the loss counts.
    public int counted(int tokens) {
        int counted = 0;
        for (int i = 1; i < tokens; i++) {
            if (labels[i] != IGNORED) {
                counted++;
            }
        }
        return counted;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Document d && cut == d.cut && Arrays.equals(ids, d.ids)
                && Arrays.equals(labels, d.labels);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(labels);
    }

    @Override
    public String toString() {
        return "Document[origin=" + origin + ", ids=" + Arrays.toString(ids) + ", labels=" + Arrays.toString(labels)
                + ", cut=" + cut + "]";
    }
}
