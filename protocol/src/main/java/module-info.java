import org.jspecify.annotations.NullMarked;

/** WireGuard itself, sans-IO: bytes in, bytes out. */
@NullMarked
module anubis.protocol {
    requires static transitive org.jspecify;
    requires transitive anubis.crypto;

    exports anubis.protocol;
}
