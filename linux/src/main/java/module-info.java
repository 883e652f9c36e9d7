import org.jspecify.annotations.NullMarked;

/**
 * One typed Java method for each Linux system call that a VPN needs. Knows nothing of any VPN.
 *
 * <p>Start Java with {@code --enable-native-access=anubis.linux}.
 */
@NullMarked
module anubis.linux {
    requires static transitive org.jspecify;

    exports anubis.linux;
}
