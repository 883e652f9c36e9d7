package anubis.device;

import anubis.linux.UdpAddress;
import anubis.protocol.Endpoint;

/** An endpoint as the sockets know it: with the local address it was reached from. Immutable. */
public record NetworkEndpoint(UdpAddress udp) implements Endpoint {
    @Override
    public byte[] address() {
        return udp.address();
    }

    @Override
    public int port() {
        return udp.port();
    }

    @Override
    public NetworkEndpoint withoutSource() {
        return new NetworkEndpoint(udp.withoutSource());
    }

    @Override
    public String toString() {
        return udp.toString();
    }
}
