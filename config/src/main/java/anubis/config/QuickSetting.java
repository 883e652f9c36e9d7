package anubis.config;

/** A setting of wg-quick(8) as it stands in a file: its name as the manual spells it, and its text, trimmed. */
public record QuickSetting(int line, Key key, String value) {
    /** The settings of the [Interface] section that wg-quick takes for itself and {@code wg} does not know. */
    public enum Key {
        Address,
        DNS,
        MTU,
        Table,
        PreUp,
        PostUp,
        PreDown,
        PostDown,
        SaveConfig
    }
}
