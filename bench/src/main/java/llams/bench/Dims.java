package llams.bench;

import java.util.regex.Pattern;

/// The numbers in the text of a shape such as `512x2048x8192`.
final class Dims {
    private static final Pattern SEPARATOR = Pattern.compile("[x/]");

    private Dims() {}

    /// @param form as `MxKxN`, which says how many there are and, in the error, what they mean
    /// @throws IllegalArgumentException if the text is not made so
    static int[] of(String shape, String form) {
        try {
            int[] dims = SEPARATOR.splitAsStream(shape).mapToInt(Integer::parseInt).toArray();
            if (dims.length == SEPARATOR.split(form).length) {
                return dims;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IllegalArgumentException("shape \"" + shape + "\" is not of the form " + form);
    }
}
