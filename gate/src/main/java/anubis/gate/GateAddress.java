package anubis.gate;

import anubis.crypto.Primitives;
import anubis.crypto.PublicKey;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/** The address inside the gate tunnel, which follows from the gate key: nobody administers any. */
public final class GateAddress {
    private static final byte[] LABEL = "anubis gate address v1".getBytes(StandardCharsets.US_ASCII);
    private static final int LENGTH = 16;

    private GateAddress() {}

    /** The byte {@code fd} (RFC 4193) and the first 15 of BLAKE2s-256 of a label and the key. */
    public static InetAddress of(PublicKey gateKey, Primitives primitives) {
        byte[] address = new byte[LENGTH];
        address[0] = (byte) 0xfd;
        System.arraycopy(primitives.blake2s(LABEL, gateKey.bytes()), 0, address, 1, LENGTH - 1);
        try {
            return Inet6Address.getByAddress(null, address, -1);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
