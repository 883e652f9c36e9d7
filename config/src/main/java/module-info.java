import org.jspecify.annotations.NullMarked;

/** What a WireGuard configuration is, and its file formats. */
@NullMarked
module anubis.config {
    requires static transitive org.jspecify;
    requires transitive anubis.crypto;

    exports anubis.config;
}
