import org.jspecify.annotations.NullMarked;

/** Networks of namespaces on this machine, for the demo, the tests and the benchmarks. */
@NullMarked
module anubis.lab {
    requires static transitive org.jspecify;

    exports anubis.lab;
}
