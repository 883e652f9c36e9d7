package anubis.linux;

/** Questions and settings of the calling process and thread. */
public final class Processes {
    private Processes() {}

    /**
     * Sets which permission bits new files of the whole process, every thread of it, do not get.
     *
     * @return the mask until now
     */
    public static int umask(int mask) {
        return Libc.umask(mask);
    }

    /** The index of an interface in the calling thread's network namespace. */
    public static int interfaceIndex(String name) throws ErrnoException {
        return Libc.check(Libc.ifNametoindex(name), "no interface " + name + " in this network namespace");
    }
}
