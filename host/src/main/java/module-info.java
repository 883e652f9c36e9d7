import org.jspecify.annotations.NullMarked;

/** Putting a configuration in force on this host. */
@NullMarked
module anubis.host {
    requires static transitive org.jspecify;
    requires transitive anubis.config;
    requires anubis.linux;
    requires transitive anubis.plan;
    requires org.dnsjava;

    exports anubis.host;
}
