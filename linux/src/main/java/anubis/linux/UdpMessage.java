package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * What one {@link UdpSocket#receive} or {@link UdpSocket#send} works on: payload, address and ancillary data. Made once
 * and used again and again, without allocation. Owned by one thread.
 *
 * <p>The payload's memory is not kept alive by this: take it from {@link NativeMemory}. What is set for sending stays
 * set; what was received is there until the next call.
 */
public final class UdpMessage {
    private static final ValueLayout.OfShort BIG_SHORT = JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BIG_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong BIG_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    // struct msghdr, linux/socket.h
    private static final int NAME_POINTER = 0;
    private static final int NAME_LENGTH = 8;
    private static final int IOVEC_POINTER = 16;
    private static final int IOVEC_COUNT = 24;
    private static final int CONTROL_POINTER = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int MSG_CTRUNC = 8;

    // What lies behind the msghdr in the same memory.
    private static final int IOVEC = 64;
    private static final int ERRNO = 80;
    private static final int NAME = 96;
    private static final int CONTROL = 128;
    /** PKTINFO (at most 40), traffic class (24) and segment size (24) take 88. */
    private static final int CONTROL_SIZE = 128;

    // struct sockaddr_in and sockaddr_in6, linux/in.h and linux/in6.h: family 0, port 2, then
    private static final int SOCKADDR_IN_SIZE = 16;
    private static final int SOCKADDR_IN6_SIZE = 28;
    private static final int IN_ADDRESS = NAME + 4;
    private static final int IN6_ADDRESS = NAME + 8;
    private static final int IN6_SCOPE = NAME + 24;

    // struct cmsghdr, linux/socket.h: length 0 (u64), level 8, type 12, data 16
    private static final int CMSG_HEADER = 16;
    /** struct in_pktinfo: interface 0, specified destination 4, header destination 8. */
    private static final int IN_PKTINFO_SIZE = 12;
    /** struct in6_pktinfo: address 0, interface 16. */
    private static final int IN6_PKTINFO_SIZE = 20;

    /** Where a message without an address goes: nowhere, EINVAL. */
    private static final UdpAddress UNSET = new UdpAddress(new byte[4], 0, 0);

    private final MemorySegment memory = NativeMemory.allocate(CONTROL + CONTROL_SIZE);
    private final MemorySegment errno = memory.asSlice(ERRNO, 16);

    private UdpAddress destination = UNSET;
    private int segmentSize;
    private int trafficClass = -1;

    /** Whether name and control buffer are those of the next two; not after a receive. */
    private boolean madeUp;

    private UdpAddress madeUpFor = UNSET;
    private int madeUpTrafficClass;
    private int madeUpControlLength;

    // Of the datagram received; data offsets in memory, 0 if absent.
    private int receivedPacketInfo;
    private int receivedSegmentSize;
    private int receivedTrafficClass = -1;

    public UdpMessage() {
        memory.set(JAVA_LONG, NAME_POINTER, memory.address() + NAME);
        memory.set(JAVA_LONG, IOVEC_POINTER, memory.address() + IOVEC);
        memory.set(JAVA_LONG, IOVEC_COUNT, 1);
        memory.set(JAVA_LONG, CONTROL_POINTER, memory.address() + CONTROL);
    }

    long header() {
        return memory.address();
    }

    MemorySegment errno() {
        return errno;
    }

    /** The bytes to send, or the room to receive into. */
    public UdpMessage payload(MemorySegment segment, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, segment.byteSize());
        memory.set(JAVA_LONG, IOVEC, segment.address() + offset);
        memory.set(JAVA_LONG, IOVEC + 8, length);
        return this;
    }

    /** Where to and where from. Costs nothing when it is the same object as the last time. */
    public UdpMessage to(UdpAddress destination) {
        this.destination = destination;
        return this;
    }

    /**
     * Has the kernel cut the payload into datagrams of this many bytes, the last perhaps shorter: at most 64, and 65,507
     * bytes together over IPv4, 65,527 over IPv6. 0 sends it as one.
     */
    public UdpMessage segmentSize(int bytes) {
        this.segmentSize = bytes;
        return this;
    }

    int segmentSize() {
        return segmentSize;
    }

    /** The byte of DSCP and ECN, 0 to 255; −1 for the socket's own. */
    public UdpMessage trafficClass(int trafficClass) {
        this.trafficClass = trafficClass;
        return this;
    }

    /** Makes the header ready for sendmsg. */
    void prepareSend() {
        if (!madeUp || !destination.equals(madeUpFor) || trafficClass != madeUpTrafficClass) {
            makeUp();
        }
        int length = madeUpControlLength;
        if (segmentSize > 0) {
            controlHeader(length, UdpSocket.SOL_UDP, UdpSocket.UDP_SEGMENT, Short.BYTES);
            memory.set(JAVA_SHORT, CONTROL + length + CMSG_HEADER, (short) segmentSize);
            length += controlSpace(Short.BYTES);
        }
        memory.set(JAVA_LONG, CONTROL_LENGTH, length);
    }

    private void makeUp() {
        UdpAddress to = destination;
        boolean source = to.hasLocal || to.interfaceIndex != 0;
        int length = 0;
        memory.set(JAVA_SHORT, NAME, (short) to.family.number());
        memory.set(BIG_SHORT, NAME + 2, (short) to.port);
        if (to.family == Family.IPV4) {
            memory.set(BIG_INT, IN_ADDRESS, (int) to.low);
            memory.set(JAVA_INT, NAME_LENGTH, SOCKADDR_IN_SIZE);
            if (source) {
                int data = controlHeader(length, UdpSocket.IPPROTO_IP, UdpSocket.IP_PKTINFO, IN_PKTINFO_SIZE);
                memory.set(JAVA_INT, data, to.interfaceIndex);
                memory.set(BIG_INT, data + 4, (int) to.localLow);
                memory.set(JAVA_INT, data + 8, 0);
                length += controlSpace(IN_PKTINFO_SIZE);
            }
            if (trafficClass >= 0) {
                int data = controlHeader(length, UdpSocket.IPPROTO_IP, UdpSocket.IP_TOS, Integer.BYTES);
                memory.set(JAVA_INT, data, trafficClass);
                length += controlSpace(Integer.BYTES);
            }
        } else {
            memory.set(JAVA_INT, NAME + 4, 0); // flow label
            memory.set(BIG_LONG, IN6_ADDRESS, to.high);
            memory.set(BIG_LONG, IN6_ADDRESS + 8, to.low);
            memory.set(JAVA_INT, IN6_SCOPE, to.scope);
            memory.set(JAVA_INT, NAME_LENGTH, SOCKADDR_IN6_SIZE);
            if (source) {
                int data = controlHeader(length, UdpSocket.IPPROTO_IPV6, UdpSocket.IPV6_PKTINFO, IN6_PKTINFO_SIZE);
                memory.set(BIG_LONG, data, to.localHigh);
                memory.set(BIG_LONG, data + 8, to.localLow);
                memory.set(JAVA_INT, data + 16, to.interfaceIndex);
                length += controlSpace(IN6_PKTINFO_SIZE);
            }
            if (trafficClass >= 0) {
                int data = controlHeader(length, UdpSocket.IPPROTO_IPV6, UdpSocket.IPV6_TCLASS, Integer.BYTES);
                memory.set(JAVA_INT, data, trafficClass);
                length += controlSpace(Integer.BYTES);
            }
        }
        madeUp = true;
        madeUpFor = to;
        madeUpTrafficClass = trafficClass;
        madeUpControlLength = length;
    }

    /** Writes a cmsghdr and returns where in memory its data goes. */
    private int controlHeader(int offset, int level, int type, int dataLength) {
        memory.set(JAVA_LONG, CONTROL + offset, CMSG_HEADER + dataLength);
        memory.set(JAVA_INT, CONTROL + offset + 8, level);
        memory.set(JAVA_INT, CONTROL + offset + 12, type);
        return CONTROL + offset + CMSG_HEADER;
    }

    /** CMSG_SPACE. */
    private static int controlSpace(int dataLength) {
        return CMSG_HEADER + ((dataLength + 7) & ~7);
    }

    /** Makes the header ready for recvmsg, which shortens the lengths it is given. */
    void prepareReceive() {
        madeUp = false;
        memory.set(JAVA_INT, NAME_LENGTH, SOCKADDR_IN6_SIZE);
        memory.set(JAVA_LONG, CONTROL_LENGTH, CONTROL_SIZE);
        memory.set(JAVA_INT, FLAGS, 0);
    }

    /** Reads the ancillary data that recvmsg left. */
    void received() {
        receivedPacketInfo = 0;
        receivedSegmentSize = 0;
        receivedTrafficClass = -1;
        int at = CONTROL;
        int end = CONTROL + (int) Math.min(CONTROL_SIZE, memory.get(JAVA_LONG, CONTROL_LENGTH));
        while (end - at >= CMSG_HEADER) {
            long length = memory.get(JAVA_LONG, at);
            if (length < CMSG_HEADER || length > end - at) {
                return;
            }
            int level = memory.get(JAVA_INT, at + 8);
            int type = memory.get(JAVA_INT, at + 12);
            int data = at + CMSG_HEADER;
            int dataLength = (int) length - CMSG_HEADER;
            if (level == UdpSocket.SOL_UDP && type == UdpSocket.UDP_GRO && dataLength >= Integer.BYTES) {
                receivedSegmentSize = memory.get(JAVA_INT, data);
            } else if (level == UdpSocket.IPPROTO_IP) {
                if (type == UdpSocket.IP_PKTINFO && dataLength >= IN_PKTINFO_SIZE) {
                    receivedPacketInfo = data;
                } else if (type == UdpSocket.IP_TOS && dataLength >= 1) {
                    receivedTrafficClass = Byte.toUnsignedInt(memory.get(JAVA_BYTE, data));
                }
            } else if (level == UdpSocket.IPPROTO_IPV6) {
                if (type == UdpSocket.IPV6_PKTINFO && dataLength >= IN6_PKTINFO_SIZE) {
                    receivedPacketInfo = data;
                } else if (type == UdpSocket.IPV6_TCLASS && dataLength >= Integer.BYTES) {
                    receivedTrafficClass = memory.get(JAVA_INT, data) & 0xFF;
                }
            }
            at += controlSpace(dataLength);
        }
    }

    /**
     * The size in bytes of the datagrams that the kernel put together in the payload, the last perhaps shorter; 0 if the
     * payload is one datagram.
     */
    public int receivedSegmentSize() {
        return receivedSegmentSize;
    }

    /** The byte of DSCP and ECN that the datagram came with; −1 if the kernel did not say. */
    public int receivedTrafficClass() {
        return receivedTrafficClass;
    }

    /** Whether ancillary data was lost, so that segment size and source are not to be relied on. */
    public boolean controlTruncated() {
        return (memory.get(JAVA_INT, FLAGS) & MSG_CTRUNC) != 0;
    }

    /** Whether {@link #source()} would equal an address; allocates nothing. */
    public boolean isFrom(UdpAddress address) {
        return address.family == family()
                && address.low == low()
                && address.high == high()
                && address.port == port()
                && address.scope == scope()
                && address.hasLocal == (receivedPacketInfo != 0)
                && address.localLow == localLow()
                && address.localHigh == localHigh()
                && address.interfaceIndex == interfaceIndex();
    }

    /**
     * Where the datagram came from, with the local address it came to and the interface it came through: what an answer is
     * sent {@link #to}.
     */
    public UdpAddress source() {
        return new UdpAddress(
                family(),
                high(),
                low(),
                port(),
                scope(),
                receivedPacketInfo != 0,
                localHigh(),
                localLow(),
                interfaceIndex());
    }

    private Family family() {
        return memory.get(JAVA_SHORT, NAME) == Family.IPV6.number() ? Family.IPV6 : Family.IPV4;
    }

    private boolean isIpv6() {
        return family() == Family.IPV6;
    }

    private int port() {
        return Short.toUnsignedInt(memory.get(BIG_SHORT, NAME + 2));
    }

    private long high() {
        return isIpv6() ? memory.get(BIG_LONG, IN6_ADDRESS) : 0;
    }

    private long low() {
        return isIpv6()
                ? memory.get(BIG_LONG, IN6_ADDRESS + 8)
                : Integer.toUnsignedLong(memory.get(BIG_INT, IN_ADDRESS));
    }

    private int scope() {
        return isIpv6() ? memory.get(JAVA_INT, IN6_SCOPE) : 0;
    }

    private long localHigh() {
        return receivedPacketInfo != 0 && isIpv6() ? memory.get(BIG_LONG, receivedPacketInfo) : 0;
    }

    private long localLow() {
        if (receivedPacketInfo == 0) {
            return 0;
        }
        // For IPv4 the "specified destination": the local address to answer from, also for a broadcast.
        return isIpv6()
                ? memory.get(BIG_LONG, receivedPacketInfo + 8)
                : Integer.toUnsignedLong(memory.get(BIG_INT, receivedPacketInfo + 4));
    }

    private int interfaceIndex() {
        return receivedPacketInfo == 0 ? 0 : memory.get(JAVA_INT, receivedPacketInfo + (isIpv6() ? 16 : 0));
    }
}
