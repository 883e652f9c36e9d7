import org.jspecify.annotations.NullMarked;

/** The anubis command. */
@NullMarked
module anubis.cli {
    requires static transitive org.jspecify;
    requires anubis.config;
    requires anubis.crypto;
    requires anubis.device;
    requires anubis.gate;
    requires anubis.host;
    requires anubis.lab;
    requires anubis.linux;
    requires anubis.netlab;
    requires anubis.plan;
    requires com.fasterxml.jackson.core;
    requires com.google.zxing;
    requires info.picocli;
}
