package llams.engine.gguf;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The metadata of a GGUF file by key, each value checked for its kind when it is asked for.
///
/// @param file   for messages
/// @param values in the file's order
public record GgufMetadata(Path file, Map<String, GgufValue> values) {
    private static final int SHOWN = 80;

    public boolean has(String key) {
        return values.containsKey(key);
    }

    /// @throws GgufException if it is missing or no text
    public String text(String key) throws GgufException {
        return get(key) instanceof GgufValue.Text text ? text.value() : wrong(key, "a text");
    }

    /// @throws GgufException if it is there and no text
    public String text(String key, String otherwise) throws GgufException {
        return has(key) ? text(key) : otherwise;
    }

    /// A whole number from 0 on.
    ///
    /// @throws GgufException if it is missing or something else
    public long whole(String key) throws GgufException {
        return get(key) instanceof GgufValue.Whole whole && whole.value() >= 0
                ? whole.value()
                : wrong(key, "a whole number");
    }

    /// @throws GgufException if it is there and something else
    public long whole(String key, long otherwise) throws GgufException {
        return has(key) ? whole(key) : otherwise;
    }

    /// Any number.
    ///
    /// @throws GgufException if it is missing or something else
    public double number(String key) throws GgufException {
        return switch (get(key)) {
            case GgufValue.Real real -> real.value();
            case GgufValue.Whole whole -> whole.value();
            case GgufValue.Flag _,GgufValue.Text _,GgufValue.Array _ -> wrong(key, "a number");
        };
    }

    /// @throws GgufException if it is there and something else
    public double number(String key, double otherwise) throws GgufException {
        return has(key) ? number(key) : otherwise;
    }

    /// @throws GgufException if it is there and neither true nor false
    public boolean flag(String key, boolean otherwise) throws GgufException {
        if (!has(key)) {
            return otherwise;
        }
        return get(key) instanceof GgufValue.Flag flag ? flag.value() : wrong(key, "true or false");
    }

    /// @throws GgufException if it is missing or no array of texts
    public List<String> texts(String key) throws GgufException {
        return get(key) instanceof GgufValue.Array array && array.type() == GgufValue.Type.STRING
                ? array.texts()
                : wrong(key, "an array of texts");
    }

    /// @throws GgufException if it is missing or no array of INT32
    public int[] ints(String key) throws GgufException {
        return get(key) instanceof GgufValue.Array array
                && (array.type() == GgufValue.Type.INT32 || array.type() == GgufValue.Type.UINT32)
                        ? array.ints()
                        : wrong(key, "an array of INT32");
    }

    private GgufValue get(String key) throws GgufException {
        GgufValue value = values.get(key);
        if (value == null) {
            throw new GgufException(file, "has no \"" + key + "\"");
        }
        return value;
    }

    private <T> T wrong(String key, String wanted) throws GgufException {
        String found = switch (values.get(key)) {
            case GgufValue.Whole whole -> String.valueOf(whole.value());
            case GgufValue.Real real -> String.valueOf(real.value());
            case GgufValue.Flag flag -> String.valueOf(flag.value());
            case GgufValue.Text(String text) when text.length() > SHOWN -> '"' + text.substring(0, SHOWN) + "...\"";
            case GgufValue.Text(String text) -> '"' + text + '"';
            case GgufValue.Array array -> "an array of " + array.count() + " " + array.type();
        };
        throw new GgufException(file, "\"" + key + "\" is " + found + "; wanted " + wanted);
    }
}
