import org.jspecify.annotations.NullMarked;

/** One typed method per Linux system call. */
@NullMarked
module anubis.linux {
    requires static transitive org.jspecify;
}
