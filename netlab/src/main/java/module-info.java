import org.jspecify.annotations.NullMarked;

/** A world of the plan built for real on this machine, and what becomes of real packets in it. */
@NullMarked
module anubis.netlab {
    requires static transitive org.jspecify;
    requires transitive anubis.plan;
    requires anubis.config;
    requires anubis.crypto;
    requires anubis.device;
    requires anubis.linux;

    exports anubis.netlab;
}
