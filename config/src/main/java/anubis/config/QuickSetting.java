package anubis.config;

/** A setting of wg-quick(8), or one of ours, as it stands in a file: its name and its text, trimmed. */
public record QuickSetting(int line, Key key, String value) {
    /** The settings of the [Interface] section that {@code wg} does not know, spelled as in wg-quick's manual. */
    public enum Key {
        Address,
        DNS,
        MTU,
        Table,
        PreUp,
        PostUp,
        PreDown,
        PostDown,
        SaveConfig,
        /** Ours: UDP ports besides ListenPort, and the interfaces on which they are open. */
        ExtraPorts,
        /** Ours: whether the kernel's WireGuard carries the interface. */
        Kernel;

        /** Whether its value is a shell command. */
        public boolean isHook() {
            return switch (this) {
                case PreUp, PostUp, PreDown, PostDown -> true;
                case Address, DNS, MTU, Table, SaveConfig, ExtraPorts, Kernel -> false;
            };
        }

        /** Whether it is ours, and so written in a comment: {@code #: Kernel = true}. */
        public boolean extension() {
            return compareTo(SaveConfig) > 0;
        }
    }

    /** Without the value: a command may have a key in it. */
    @Override
    public String toString() {
        return line + ": " + key;
    }
}
