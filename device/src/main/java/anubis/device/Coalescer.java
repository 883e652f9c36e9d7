package anubis.device;

import static anubis.device.Packets.*;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import anubis.protocol.Peer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Gathers packets and writes them to the TUN, as many as possible in one write: those of a flow that continue each other
 * become a super-packet, which the kernel takes whole or splits again. Confined to one thread.
 *
 * <p>No payload is moved and no packet is changed: a write names the headers of the super-packet, made here, and then
 * the payloads where they lie. Packets of one flow keep their order; flows are written in the order in which their
 * first packets came. What the kernel splits again is what was added byte for byte, with two exceptions: the IPv4
 * identifications count up from the first packet's, whatever they were, and the checksums are made anew, since the
 * packets have proved authentic.
 */
final class Coalescer {
    /** The TUN's end. */
    interface Out {
        /**
         * Writes one packet with its virtio header.
         *
         * @param iovecs {@code count} entries of {@code struct iovec} at {@code offset}
         * @return the bytes written, or the negated errno
         */
        int writev(MemorySegment iovecs, long offset, int count);
    }

    private static final int EINVAL = 22;

    private static final int ITEMS = 64;
    private static final int SLOT_BITS = 7; // twice as many as items
    private static final int SLOTS = 1 << SLOT_BITS;
    // As many as a kernel takes in one UDP super-packet (UDP_MAX_SEGMENTS; 128 in newer ones).
    private static final int PACKETS = 64;
    private static final int TOTAL_MAX = 65_535;

    private static final int IOVEC = 16;
    private static final long IOVECS = IOVEC * (1L + PACKETS);
    // Behind the items' iovecs: two for a packet that is written alone after all.
    private static final long PAIR = IOVECS * ITEMS;
    // The parts of the first 8 bytes of an IP header that are equal throughout a super-packet: not length and id.
    // The hop limit of IPv6 is among them.
    private static final long IPV4_EQUAL = 0xFFFF_0000_0000_FFFFL;
    private static final long IPV6_EQUAL = 0xFFFF_FFFF_0000_FFFFL;
    // Of the TCP words of length, flags and window.
    private static final int TCP_EQUAL = ~(PSH << 16);

    private static final byte FREE = -1;

    /** What becomes one write; one packet at first. */
    private static final class Item {
        final long iovecs;

        @Nullable
        Peer peer;

        MemorySegment segment = MemorySegment.NULL; // of the first packet
        long offset;
        int packets;
        long flow; // hash of the addresses and ports
        int protocol;
        int ip; // length of the IP header
        int headers; // length with the TCP or UDP header
        int size; // payload of each packet but the last
        int total; // length as one packet
        int sequence; // the next that TCP expects
        boolean push;
        boolean open;

        Item(long iovecs) {
            this.iovecs = iovecs;
        }
    }

    private final Out out;
    private final ObjIntConsumer<@Nullable Peer> lost;
    private final boolean udp;
    /**
     * False once the kernel has refused a super-packet with EINVAL. Some of the stable releases around 6.6.44 do so; the
     * packets of such a super-packet are then written one by one.
     */
    private boolean coalescing = true;

    private final Item[] items = new Item[ITEMS];
    private int count;
    // From a hash to the flow's last item, open addressing.
    private final byte[] slots = new byte[SLOTS];

    private final MemorySegment iovecs = Arena.global().allocate(PAIR + 2 * IOVEC, 8);
    private final MemorySegment plain = Arena.global().allocate(Virtio.HEADER); // a header that asks for nothing
    private final MemorySegment head = Arena.global().allocate(128); // of a super-packet

    /**
     * @param lost is told of packets that could not be written, and whose they were
     * @param udp whether to coalesce UDP too, which needs TUN_F_USO4 and TUN_F_USO6
     */
    Coalescer(Out out, ObjIntConsumer<@Nullable Peer> lost, boolean udp) {
        this.out = out;
        this.lost = lost;
        this.udp = udp;
        for (int i = 0; i < ITEMS; i++) {
            items[i] = new Item(i * IOVECS);
            iovec(i * IOVECS, plain.address(), Virtio.HEADER);
        }
        iovec(PAIR, plain.address(), Virtio.HEADER);
        Arrays.fill(slots, FREE);
    }

    /**
     * Takes a whole IP packet with nothing behind it. Its bytes must stay as they are until it is written, which
     * {@link #flush} does, or the next call of this method where there is no room left.
     *
     * @param peer the one that it came from, and may come from by cryptokey routing: one for each flow
     * @param segment native
     */
    void add(@Nullable Peer peer, MemorySegment segment, long offset, int length) {
        if (count == ITEMS) flush();
        if (!coalescing) {
            open(peer, segment, offset, length);
            return;
        }
        int ip = 0;
        int protocol = 0;
        int first = u8(segment, offset);
        if (first == 0x45) {
            boolean whole = (u16(segment, offset + IPV4_FRAGMENT) & 0x3FFF) == 0;
            if (whole && u16(segment, offset + IPV4_LENGTH) == length) {
                ip = IPV4_HEADER;
                protocol = u8(segment, offset + IPV4_PROTOCOL);
            }
        } else if (first >>> 4 == 6 && IPV6_HEADER + u16(segment, offset + IPV6_LENGTH) == length) {
            ip = IPV6_HEADER;
            protocol = u8(segment, offset + IPV6_PROTOCOL);
        }
        int headers;
        boolean candidate;
        boolean push = false;
        long transport = offset + ip;
        if (protocol == TCP && length >= ip + TCP_HEADER) {
            int word = u16(segment, transport + TCP_DATA_OFFSET);
            int header = (word >>> 12) * 4;
            headers = ip + header;
            push = (word & PSH) != 0;
            candidate = header >= TCP_HEADER && headers < length && (word & 0xFFF & ~PSH) == ACK;
        } else if (protocol == UDP && length >= ip + UDP_HEADER) {
            headers = ip + UDP_HEADER;
            // A packet without checksum would be given one.
            candidate = udp
                    && headers < length
                    && u16(segment, transport + UDP_LENGTH) == length - ip
                    && u16(segment, transport + UDP_CHECKSUM) != 0;
        } else {
            // Its flow is not known, and could be that of any item: a fragment, for example.
            Arrays.fill(slots, FREE);
            open(peer, segment, offset, length);
            return;
        }

        long flow = flow(segment, offset, ip, protocol);
        int slot = slot(segment, offset, ip, protocol, flow);
        int known = slots[slot];
        if (known != FREE) {
            Item item = items[known];
            if (candidate && item.open && continues(item, segment, offset, headers, length)) {
                append(item, segment, offset, length, push);
                return;
            }
            item.open = false;
        }
        if (candidate) slots[slot] = (byte) count;
        Item item = open(peer, segment, offset, length);
        item.flow = flow;
        item.protocol = protocol;
        item.ip = ip;
        item.headers = headers;
        item.size = length - headers;
        item.push = push;
        item.open = candidate && !push;
        if (protocol == TCP) item.sequence = segment.get(INT, transport + TCP_SEQUENCE) + item.size;
    }

    private static long flow(MemorySegment s, long packet, int ip, int protocol) {
        long hash = s.get(INT, packet + ip) * 31L + protocol;
        for (int i = ip == IPV4_HEADER ? IPV4_SOURCE : IPV6_SOURCE; i < ip; i += 8) {
            hash = hash * 31 + s.get(LONG, packet + i);
        }
        return hash * 0x9E37_79B9_7F4A_7C15L; // its upper bits depend on all
    }

    /** The slot of the flow's last item, or the free one where such an item belongs. */
    private int slot(MemorySegment s, long packet, int ip, int protocol, long flow) {
        int slot = (int) (flow >>> (64 - SLOT_BITS));
        while (slots[slot] != FREE) {
            Item item = items[slots[slot]];
            if (item.flow == flow && item.ip == ip && item.protocol == protocol && sameFlow(item, s, packet)) break;
            slot = (slot + 1) & (SLOTS - 1);
        }
        return slot;
    }

    private static boolean sameFlow(Item item, MemorySegment s, long packet) {
        MemorySegment t = item.segment;
        long at = item.offset;
        int ip = item.ip;
        long differences = s.get(INT, packet + ip) ^ t.get(INT, at + ip);
        for (int i = ip == IPV4_HEADER ? IPV4_SOURCE : IPV6_SOURCE; i < ip; i += 8) {
            differences |= s.get(LONG, packet + i) ^ t.get(LONG, at + i);
        }
        return differences == 0;
    }

    /** Whether a candidate of the same flow can be appended. */
    private static boolean continues(Item item, MemorySegment s, long packet, int headers, int length) {
        int payload = length - headers;
        if (headers != item.headers || payload > item.size) return false;
        if (item.packets == PACKETS || item.total + payload > TOTAL_MAX) return false;
        MemorySegment t = item.segment;
        long at = item.offset;
        long different = s.get(LONG, packet) ^ t.get(LONG, at);
        different &= item.ip == IPV4_HEADER ? IPV4_EQUAL : IPV6_EQUAL;
        if (item.ip == IPV4_HEADER) different |= u8(s, packet + IPV4_TTL) ^ u8(t, at + IPV4_TTL);
        if (item.protocol == TCP) {
            long x = packet + item.ip;
            long y = at + item.ip;
            different |= s.get(INT, x + TCP_SEQUENCE) ^ item.sequence;
            different |= s.get(INT, x + TCP_ACKNOWLEDGEMENT) ^ t.get(INT, y + TCP_ACKNOWLEDGEMENT);
            different |= (s.get(INT, x + TCP_DATA_OFFSET) ^ t.get(INT, y + TCP_DATA_OFFSET)) & TCP_EQUAL;
            for (int i = TCP_HEADER; i < headers - item.ip; i += 4) {
                different |= s.get(INT, x + i) ^ t.get(INT, y + i);
            }
        }
        return different == 0;
    }

    private Item open(@Nullable Peer peer, MemorySegment segment, long offset, int length) {
        Item item = items[count++];
        item.peer = peer;
        item.segment = segment;
        item.offset = offset;
        item.packets = 1;
        item.total = length;
        iovec(item.iovecs + IOVEC, segment.address() + offset, length);
        return item;
    }

    private void append(Item item, MemorySegment segment, long offset, int length, boolean push) {
        int payload = length - item.headers;
        item.packets++;
        iovec(item.iovecs + (long) IOVEC * item.packets, segment.address() + offset + item.headers, payload);
        item.total += payload;
        item.sequence += payload;
        item.push = push;
        item.open = payload == item.size && !push;
    }

    /** Writes everything. */
    void flush() {
        for (int i = 0; i < count; i++) {
            Item item = items[i];
            if (item.packets == 1) tally(out.writev(iovecs, item.iovecs, 2), item, 1);
            else write(item);
        }
        count = 0;
        Arrays.fill(slots, FREE);
    }

    private void write(Item item) {
        iovec(item.iovecs + IOVEC, item.segment.address() + item.offset + item.headers, item.size);
        if (coalescing) {
            makeHead(item);
            iovec(item.iovecs, head.address(), Virtio.HEADER + item.headers);
            int result = out.writev(iovecs, item.iovecs, 1 + item.packets);
            iovec(item.iovecs, plain.address(), Virtio.HEADER);
            if (result != -EINVAL) {
                tally(result, item, item.packets);
                return;
            }
            coalescing = false;
        }
        // One by one: in front of each payload its own headers still lie.
        for (int i = 1; i <= item.packets; i++) {
            long payload = item.iovecs + (long) IOVEC * i;
            long address = iovecs.get(JAVA_LONG, payload) - item.headers;
            iovec(PAIR + IOVEC, address, iovecs.get(JAVA_LONG, payload + 8) + item.headers);
            tally(out.writev(iovecs, PAIR, 2), item, 1);
        }
    }

    private void tally(int result, Item item, int packets) {
        if (result < 0) lost.accept(item.peer, packets);
    }

    private void iovec(long at, long address, long length) {
        iovecs.set(JAVA_LONG, at, address);
        iovecs.set(JAVA_LONG, at + 8, length);
    }

    private void makeHead(Item item) {
        long packet = Virtio.HEADER;
        long transport = packet + item.ip;
        boolean ipv4 = item.ip == IPV4_HEADER;
        boolean tcp = item.protocol == TCP;
        int checksum = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
        MemorySegment.copy(item.segment, item.offset, head, packet, item.headers);
        u8(head, 0, Virtio.NEEDS_CSUM);
        u8(head, Virtio.TYPE, tcp ? ipv4 ? Virtio.GSO_TCPV4 : Virtio.GSO_TCPV6 : Virtio.GSO_UDP_L4);
        Virtio.u16(head, Virtio.HEADERS_LENGTH, item.headers);
        Virtio.u16(head, Virtio.GSO_SIZE, item.size);
        Virtio.u16(head, Virtio.CSUM_START, item.ip);
        Virtio.u16(head, Virtio.CSUM_OFFSET, checksum);
        if (ipv4) {
            u16(head, packet + IPV4_LENGTH, item.total);
            u16(head, packet + IPV4_CHECKSUM, 0);
            u16(head, packet + IPV4_CHECKSUM, ~Checksum.sum(head, packet, IPV4_HEADER));
        } else {
            u16(head, packet + IPV6_LENGTH, item.total - IPV6_HEADER);
        }
        int length = item.total - item.ip;
        if (tcp) {
            if (item.push) u8(head, transport + TCP_FLAGS, u8(head, transport + TCP_FLAGS) | PSH);
        } else {
            u16(head, transport + UDP_LENGTH, length);
        }
        u16(head, transport + checksum, Checksum.fold(Checksum.pseudoHeader(head, packet, item.protocol, length)));
    }
}
