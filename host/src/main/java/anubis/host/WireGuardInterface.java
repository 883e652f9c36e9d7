package anubis.host;

import anubis.config.DeviceChange;
import anubis.config.UapiDevice;
import java.io.IOException;

/** A WireGuard interface of this host that can be asked and changed, whoever carries its packets. */
public interface WireGuardInterface {
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
}
