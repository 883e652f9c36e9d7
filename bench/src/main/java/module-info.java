import org.jspecify.annotations.NullMarked;

/** Benchmarks, and side-by-side runs against other VPNs. */
@NullMarked
module anubis.bench {
    requires static transitive org.jspecify;
    requires anubis.config;
    requires anubis.crypto;
    requires anubis.gate;
    requires anubis.host;
    requires anubis.lab;
    requires anubis.linux;
    requires anubis.plan;
}
