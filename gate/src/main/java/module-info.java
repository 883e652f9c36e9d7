import org.jspecify.annotations.NullMarked;

/** The gate: its protocol, the hub and the client, and the tunnel without an interface in which they talk. */
@NullMarked
module anubis.gate {
    requires static transitive org.jspecify;
    requires transitive anubis.config;
    requires transitive anubis.device;
    requires anubis.host;
    requires java.sql;
    requires org.tomlj;
    requires org.xerial.sqlitejdbc;

    exports anubis.gate;
}
