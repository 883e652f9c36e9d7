package anubis.gate;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The one kind of packet inside the gate tunnel: IPv6 (RFC 8200) without extension headers, and UDP in it. */
public final class InnerUdp {
    /** Both ports, and by default also the port of the gate tunnel itself. */
    public static final int PORT = 4297;
    /** Bytes of payload at most: with all headers, also those of WireGuard, within IPv6's least MTU of 1,280 and some. */
    public static final int MAX_PAYLOAD = 1200;

    static final int HEADERS = 48;

    private static final int NEXT_HEADER_UDP = 17;
    private static final int HOP_LIMIT = 64;
    private static final int PAYLOAD_LENGTH_OFFSET = 4;
    private static final int NEXT_HEADER_OFFSET = 6;
    private static final int SOURCE_OFFSET = 8;
    private static final int DESTINATION_OFFSET = 24;
    private static final int UDP_OFFSET = 40;
    private static final int UDP_LENGTH_OFFSET = 44;
    private static final int CHECKSUM_OFFSET = 46;

    private InnerUdp() {}

    /**
     * The packet that carries {@code payload}.
     *
     * @throws IllegalArgumentException if an address is not IPv6, or the payload has more than {@link #MAX_PAYLOAD} bytes
     */
    public static byte[] build(InetAddress from, InetAddress to, byte[] payload) {
        byte[] source = from.getAddress();
        byte[] destination = to.getAddress();
        if (source.length != 16 || destination.length != 16 || payload.length > MAX_PAYLOAD) {
            throw new IllegalArgumentException("a packet of the gate goes between IPv6 addresses and carries at most "
                    + MAX_PAYLOAD + " bytes, not " + payload.length);
        }
        short length = (short) (HEADERS - UDP_OFFSET + payload.length);
        ByteBuffer packet = ByteBuffer.allocate(HEADERS + payload.length)
                .putInt(6 << 28)
                .putShort(length)
                .put((byte) NEXT_HEADER_UDP)
                .put((byte) HOP_LIMIT)
                .put(source)
                .put(destination)
                .putShort((short) PORT)
                .putShort((short) PORT)
                .putShort(length)
                .putShort((short) 0)
                .put(payload);
        int checksum = ~sum(packet.array()) & 0xffff;
        // 0 would mean that there is none (RFC 768).
        packet.putShort(CHECKSUM_OFFSET, (short) (checksum == 0 ? 0xffff : checksum));
        return packet.array();
    }

    /** The payload of a packet, from which WireGuard's padding has been taken off. */
    public static Parsed<byte[]> parse(byte[] packet, InetAddress from, InetAddress to) {
        if (packet.length < HEADERS || packet.length > HEADERS + MAX_PAYLOAD) {
            return new Parsed.Refused<>(Refusal.PACKET_SIZE);
        }
        if ((packet[0] & 0xf0) != 0x60 || packet[NEXT_HEADER_OFFSET] != NEXT_HEADER_UDP) {
            return new Parsed.Refused<>(Refusal.NOT_UDP);
        }
        ByteBuffer at = ByteBuffer.wrap(packet);
        int length = packet.length - UDP_OFFSET;
        if (at.getShort(PAYLOAD_LENGTH_OFFSET) != length || at.getShort(UDP_LENGTH_OFFSET) != length) {
            return new Parsed.Refused<>(Refusal.PACKET_LENGTHS);
        }
        if (!Arrays.equals(packet, SOURCE_OFFSET, DESTINATION_OFFSET, from.getAddress(), 0, 16)
                || !Arrays.equals(packet, DESTINATION_OFFSET, UDP_OFFSET, to.getAddress(), 0, 16)) {
            return new Parsed.Refused<>(Refusal.ADDRESS);
        }
        if (at.getInt(UDP_OFFSET) != (PORT << 16 | PORT)) {
            return new Parsed.Refused<>(Refusal.PORT);
        }
        if (at.getShort(CHECKSUM_OFFSET) == 0 || sum(packet) != 0xffff) {
            return new Parsed.Refused<>(Refusal.CHECKSUM);
        }
        return new Parsed.Read<>(Arrays.copyOfRange(packet, HEADERS, packet.length));
    }

    /** The sum in ones' complement of the pseudo-header (RFC 8200, section 8.1), the header of UDP and the payload. */
    private static int sum(byte[] packet) {
        int sum = NEXT_HEADER_UDP + (packet.length - UDP_OFFSET);
        for (int i = SOURCE_OFFSET; i < packet.length; i++) {
            sum += (packet[i] & 0xff) << ((i & 1) == 0 ? 8 : 0);
        }
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return sum;
    }
}
