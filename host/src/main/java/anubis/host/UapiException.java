package anubis.host;

import java.io.IOException;
import java.io.Serial;

/** A device that cannot be spoken to, or that refused a request. The text says what to do. */
public final class UapiException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    /** Why. */
    public enum Reason {
        /** There is no such interface, or nobody serves its socket. */
        NO_INTERFACE,
        /** This user may not use its socket. */
        NOT_PERMITTED,
        /** The device has not answered in time. */
        TIMED_OUT,
        /** The device answered with an {@link #errno()}. */
        REFUSED
    }

    private final Reason reason;
    private final int errno;

    UapiException(Reason reason, int errno, String message) {
        super(message);
        this.reason = reason;
        this.errno = errno;
    }

    public Reason reason() {
        return reason;
    }

    /** What the device answered, a positive errno(3) of Linux; 0 for reasons other than {@link Reason#REFUSED}. */
    public int errno() {
        return errno;
    }

    static UapiException refused(String interfaceName, int errno) {
        return new UapiException(
                Reason.REFUSED,
                errno,
                "the device " + interfaceName + " refused the request: " + name(errno) + " (errno " + errno + ")");
    }

    /** The errors that devices report; numbers of Linux, include/uapi/asm-generic/errno*.h. */
    private static String name(int errno) {
        return switch (errno) {
            case 1 -> "operation not permitted";
            case 2 -> "no such peer or entry";
            case 5 -> "input or output failed";
            case 12 -> "out of memory";
            case 13 -> "permission denied";
            case 16 -> "device busy";
            case 17 -> "it exists already";
            case 19 -> "no such device";
            case 22 -> "a line is invalid";
            case 71 -> "the request is not of the protocol";
            case 95 -> "not supported";
            case 97 -> "the address family is not supported";
            case 98 -> "the port is in use";
            case 99 -> "the address is not of this host";
            default -> "error";
        };
    }
}
