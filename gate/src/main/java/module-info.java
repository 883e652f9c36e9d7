import org.jspecify.annotations.NullMarked;

/** The gate: its protocol and the rules of a hub, sans-IO. */
@NullMarked
module anubis.gate {
    requires static transitive org.jspecify;
    requires transitive anubis.config;

    exports anubis.gate;
}
