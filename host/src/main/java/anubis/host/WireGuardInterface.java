package anubis.host;

import anubis.config.DeviceChange;
import anubis.config.UapiDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A WireGuard interface of this host that can be asked and changed, whoever carries its packets. */
public interface WireGuardInterface {
    /** The interface {@code name}: the kernel's if there is one, unless a process in user space answers for it. */
    static WireGuardInterface of(String name) throws IOException {
        return KernelInterface.exists(name) ? new KernelInterface(name) : new UapiClient(name);
    }

    /**
     * The names of all of this network namespace, those in user space first, as {@code wg} lists them.
     *
     * @throws UapiException if this user may not look
     */
    static List<String> names() throws IOException {
        return Stream.concat(UapiClient.interfaces(UapiClient.DIRECTORY).stream(), KernelInterface.names().stream())
                .distinct()
                .toList();
    }

    /** Whether it is there, even if this user may not ask it. */
    boolean exists() throws IOException;

    /**
     * Its whole state.
     *
     * @throws IOException if it cannot be reached, or refuses
     */
    UapiDevice get() throws IOException;

    /**
     * Changes it.
     *
     * @throws IOException if it cannot be reached, or refuses
     */
    void set(DeviceChange change) throws IOException;

    /**
     * How many packets it has dropped, if it counts them.
     *
     * @throws IOException if it cannot be reached
     */
    default Optional<Drops> drops() throws IOException {
        return Optional.empty();
    }
}
