import org.jspecify.annotations.NullMarked;

/** The engine: a TUN, UDP sockets and the protocol joined by workers, and the UAPI socket. */
@NullMarked
module anubis.device {
    requires static transitive org.jspecify;
    requires transitive anubis.protocol;
    requires transitive anubis.linux;

    exports anubis.device;
}
