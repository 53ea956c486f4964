package llams.model.files;

/// A setting with a value that it cannot have. Messages name settings in backticks, as the records that hold them do;
/// a program in which people set them by other names, such as options, puts those in their place.
public final class SettingException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /// The name of the record's component.
    public final String setting;
    public final String value;
    /// What would be right: `at least 1`.
    public final String limit;

    public SettingException(String setting, Object value, String limit) {
        super("`" + setting + "` must be " + limit + ", not " + value);
        this.setting = setting;
        this.value = String.valueOf(value);
        this.limit = limit;
    }

    /// @throws SettingException if `value` is below `least`
    public static void atLeast(String setting, long least, long value) {
        if (value < least) {
            throw new SettingException(setting, value, "at least " + least);
        }
    }

    /// @throws SettingException if `holds` is false
    public static void check(boolean holds, String setting, Object value, String limit) {
        if (!holds) {
            throw new SettingException(setting, value, limit);
        }
    }
}
