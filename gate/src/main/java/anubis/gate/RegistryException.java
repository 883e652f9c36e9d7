package anubis.gate;

/** The registry cannot be read or written: the disk is full, somebody else has locked it. */
public final class RegistryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public RegistryException(String message) {
        super(message);
    }

    public RegistryException(String message, Throwable cause) {
        super(message, cause);
    }
}
