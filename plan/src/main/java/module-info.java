import org.jspecify.annotations.NullMarked;

/** The plan of a whole network: its description, what every host gets of it, and the proof that all reach each other. */
@NullMarked
module anubis.plan {
    requires static transitive org.jspecify;
    requires transitive anubis.config;
    requires org.tomlj;

    exports anubis.plan;
}
