import org.jspecify.annotations.NullMarked;

/** The gate: its protocol and the rules of a hub, sans-IO, and the registry that they write into. */
@NullMarked
module anubis.gate {
    requires static transitive org.jspecify;
    requires transitive anubis.config;
    requires anubis.host;
    requires java.sql;
    requires org.xerial.sqlitejdbc;

    exports anubis.gate;
}
