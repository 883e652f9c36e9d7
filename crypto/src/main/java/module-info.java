import org.jspecify.annotations.NullMarked;

/** The primitives that WireGuard names, from libcrypto or from the JDK and Bouncy Castle. */
@NullMarked
module anubis.crypto {
    requires static transitive org.jspecify;
    requires org.bouncycastle.provider;

    exports anubis.crypto;
}
