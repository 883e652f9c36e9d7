package anubis.protocol;

/** Where a datagram came from or goes. */
public interface Endpoint {
    /** The IP address in network byte order: 4 bytes for IPv4, 16 for IPv6. The array must not be changed. */
    byte[] address();

    /** The UDP port, 0 to 65535. */
    int port();

    /** The same, without a memory of the local address that it was reached from: the kernel then chooses one. */
    Endpoint withoutSource();
}
