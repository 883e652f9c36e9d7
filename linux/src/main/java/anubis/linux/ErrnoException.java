package anubis.linux;

import java.io.IOException;

/** A system call failed. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1;

    private final int errno;

    /**
     * @param what what was tried and, where that is known, what to do
     * @param errno the error number, positive
     */
    public ErrnoException(String what, int errno) {
        super(what + ": " + Errno.text(errno));
        this.errno = errno;
    }

    /** The error number, positive: see {@link Errno}. */
    public int errno() {
        return errno;
    }
}
