package anubis.device;

import static anubis.device.Packets.*;

import anubis.protocol.InnerPacket;
import java.lang.foreign.MemorySegment;

/**
 * Splits what one read of the TUN gave, a virtio header and a packet or super-packet, into the IP packets that go out,
 * one at a time and in place. Confined to one thread.
 *
 * <p>No payload is moved: the headers of a packet are written directly in front of its slice of the payload, over the
 * end of the slice before it, which the caller has sealed by then. So a packet is to be read before {@link #next} is
 * called again, and the caller may overwrite up to 15 bytes directly behind it with padding.
 */
final class Splitter {
    /** How many bytes a buffer must have behind what was read. */
    static final int ROOM_BEHIND = 16;

    // IPv6 extension headers, too, lie in front of the transport header.
    private static final int HEADERS_MAX = 512;
    private static final int PLAIN = 0;

    private final MemorySegment buffer;
    // The headers as they came but for the fields written for each packet, which are zero; the last word is full.
    private final long[] headerWords = new long[HEADERS_MAX / 8];

    private int protocol; // TCP, UDP, or PLAIN for a packet that goes out as it came
    private boolean ipv4;
    private int transport; // where the TCP or UDP header begins in a packet
    private int headers; // their length with the IP header
    private int size; // bytes of payload in every packet but the last
    private int id; // of the next packet
    private int sequence; // of the next packet
    private int flags; // of TCP, but for the bits that belong to the first packet alone
    private int headerSum; // of IPv4, without length and id
    private int pseudoSum; // without the length

    private boolean more;
    private long offset; // of the current packet
    private long payload; // of the next packet
    private long end; // of everything
    private long behind0; // what lay behind the current packet
    private long behind8;

    /** @param buffer native memory into which the TUN is read */
    Splitter(MemorySegment buffer) {
        this.buffer = buffer;
    }

    /**
     * Begins with what one read gave.
     *
     * @param at where the virtio header lies; {@link #ROOM_BEHIND} bytes follow what was read
     * @param length bytes read, at most 10 + 65,535
     * @return false if it is malformed and must be dropped
     */
    boolean start(long at, int length) {
        more = false;
        int available = length - Virtio.HEADER;
        if (available < IPV4_HEADER) return false;
        offset = at + Virtio.HEADER;
        end = at + length;
        boolean partial = (u8(buffer, at) & Virtio.NEEDS_CSUM) != 0;
        int type = u8(buffer, at + Virtio.TYPE) & ~Virtio.GSO_ECN;
        int checksumStart = Virtio.u16(buffer, at + Virtio.CSUM_START);
        more = type == Virtio.GSO_NONE
                ? startPlain(available, partial, checksumStart, Virtio.u16(buffer, at + Virtio.CSUM_OFFSET))
                : partial && startSuper(available, type, checksumStart, Virtio.u16(buffer, at + Virtio.GSO_SIZE));
        return more;
    }

    private boolean startPlain(int available, boolean partial, int checksumStart, int checksumOffset) {
        protocol = PLAIN;
        if (InnerPacket.length(buffer, offset, available) < 0) return false;
        if (partial) {
            if (checksumStart + checksumOffset + 2 > available) return false;
            // The field holds the sum of the pseudo-header.
            int sum = Checksum.sum(buffer, offset + checksumStart, available - checksumStart);
            u16(buffer, offset + checksumStart + checksumOffset, complement(sum, checksumOffset == UDP_CHECKSUM));
        }
        return true;
    }

    // The kernel's own length of the headers is wrong on forwarded packets, so it is counted here.
    private boolean startSuper(int available, int type, int checksumStart, int gsoSize) {
        int version = Packets.version(buffer, offset);
        ipv4 = version == 4;
        if (!ipv4 && version != 6) return false;
        if (type == (ipv4 ? Virtio.GSO_TCPV4 : Virtio.GSO_TCPV6)) protocol = TCP;
        else if (type == Virtio.GSO_UDP_L4) protocol = UDP;
        else return false;

        int ipHeader = ipv4 ? (u8(buffer, offset) & 15) * 4 : IPV6_HEADER;
        transport = checksumStart;
        int transportHeader = protocol == TCP ? TCP_HEADER : UDP_HEADER;
        if (ipHeader < IPV4_HEADER || transport < ipHeader || transport + transportHeader > available) return false;
        if (protocol == TCP) transportHeader = (u8(buffer, offset + transport + TCP_DATA_OFFSET) >>> 4) * 4;
        headers = transport + transportHeader;
        size = gsoSize;
        if (protocol == TCP && transportHeader < TCP_HEADER) return false;
        if (headers > Math.min(available, HEADERS_MAX) || size == 0) return false;

        long at = offset + transport;
        if (protocol == TCP) {
            sequence = buffer.get(INT, at + TCP_SEQUENCE);
            flags = u8(buffer, at + TCP_FLAGS);
        }
        u16(buffer, at + checksumField(), 0);
        if (ipv4) {
            id = u16(buffer, offset + IPV4_ID);
            u16(buffer, offset + IPV4_LENGTH, 0);
            u16(buffer, offset + IPV4_ID, 0);
            u16(buffer, offset + IPV4_CHECKSUM, 0);
            headerSum = Checksum.sum(buffer, offset, ipHeader);
        }
        pseudoSum = Checksum.pseudoHeader(buffer, offset, protocol, 0);
        payload = offset + headers;
        // The first word may begin up to 7 bytes early: in the virtio header, later in what is sealed already.
        for (int i = words() - 1; i >= 0; i--) headerWords[i] = buffer.get(LONG, payload - 8L * (words() - i));
        behind0 = buffer.get(LONG, payload);
        behind8 = buffer.get(LONG, payload + 8);
        return true;
    }

    /** The length in bytes of the next packet, which lies at {@link #offset}; 0 when there is none. */
    int next() {
        if (!more) return 0;
        if (protocol == PLAIN) {
            more = false;
            return (int) (end - offset);
        }
        buffer.set(LONG, payload, behind0);
        buffer.set(LONG, payload + 8, behind8);
        int slice = (int) Math.min(size, end - payload);
        int length = headers + slice;
        offset = payload - headers;
        int words = words();
        long first = payload - 8L * words;
        for (int i = 0; i < words; i++) buffer.set(LONG, first + i * 8L, headerWords[i]);
        payload += slice;
        more = payload < end;

        if (ipv4) {
            u16(buffer, offset + IPV4_LENGTH, length);
            u16(buffer, offset + IPV4_ID, id);
            u16(buffer, offset + IPV4_CHECKSUM, ~Checksum.fold(headerSum + length + id));
            id = (id + 1) & 0xFFFF;
        } else {
            u16(buffer, offset + IPV6_LENGTH, length - IPV6_HEADER);
        }
        long at = offset + transport;
        int transportLength = length - transport;
        if (protocol == TCP) {
            buffer.set(INT, at + TCP_SEQUENCE, sequence);
            sequence += slice;
            u8(buffer, at + TCP_FLAGS, more ? flags & ~(FIN | PSH) : flags);
            flags &= ~CWR;
        } else {
            u16(buffer, at + UDP_LENGTH, transportLength);
        }
        int sum = pseudoSum + transportLength + Checksum.sum(buffer, at, transportLength);
        u16(buffer, at + checksumField(), complement(sum, protocol == UDP));
        if (more) {
            behind0 = buffer.get(LONG, payload);
            behind8 = buffer.get(LONG, payload + 8);
        }
        return length;
    }

    /** Where the packet of the last {@link #next} lies in the buffer. */
    long offset() {
        return offset;
    }

    private int checksumField() {
        return protocol == TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
    }

    private int words() {
        return (headers + 7) >>> 3;
    }

    /** The checksum of a sum. In UDP a zero says that there is none, so its other form is sent (RFC 768). */
    private static int complement(int sum, boolean udp) {
        int checksum = ~Checksum.fold(sum) & 0xFFFF;
        return checksum == 0 && udp ? 0xFFFF : checksum;
    }
}
