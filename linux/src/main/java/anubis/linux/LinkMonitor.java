package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Reports changes of interfaces in the network namespace it was opened in (rtnetlink, group RTMGRP_LINK). One thread
 * polls.
 */
public final class LinkMonitor implements AutoCloseable {
    // linux/netlink.h, linux/rtnetlink.h, linux/if_link.h
    private static final int AF_NETLINK = 16;
    private static final int NETLINK_ROUTE = 0;
    private static final int SOCKADDR_NL_SIZE = 12;
    private static final int RTMGRP_LINK = 1;
    private static final short RTM_NEWLINK = 16;
    private static final short RTM_DELLINK = 17;
    private static final short RTM_GETLINK = 18;
    private static final short NLM_F_REQUEST_DUMP = 0x001 | 0x300;
    private static final int NLMSGHDR_SIZE = 16;
    private static final int IFINFOMSG_SIZE = 16;

    /** An interface with many virtual functions fills 32 KiB. */
    private static final int BUFFER = 64 << 10;

    private final Descriptor descriptor;
    private final MemorySegment buffer = NativeMemory.allocate(BUFFER);
    private final MemorySegment errno = Libc.errnoSegment(Arena.global());

    /**
     * Something about an interface has changed.
     *
     * @param deleted gone from this namespace, be it deleted or moved to another
     */
    public record LinkEvent(int interfaceIndex, boolean deleted) {}

    private LinkMonitor(int fd) {
        this.descriptor = new Descriptor(fd);
    }

    /** Starts watching the calling thread's network namespace. */
    public static LinkMonitor open() throws ErrnoException {
        int fd = Libc.check(
                Libc.socket(AF_NETLINK, Sockets.SOCK_RAW | Sockets.CLOEXEC_NONBLOCK, NETLINK_ROUTE),
                "open a netlink socket");
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_nl: family 0 (u16), port 4, groups 8
            MemorySegment address = arena.allocate(SOCKADDR_NL_SIZE, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            address.set(JAVA_INT, 8, RTMGRP_LINK);
            Libc.check(Libc.bind(fd, address), "watch the interfaces");
            return new LinkMonitor(fd);
        } catch (ErrnoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    public int fd() {
        return descriptor.number();
    }

    /**
     * What has happened since the last call, without waiting. Where the kernel had to drop reports, it is asked for the
     * present state of all interfaces, which comes as events too; then only a deletion can have been missed.
     */
    public List<LinkEvent> poll() {
        List<LinkEvent> events = new ArrayList<>();
        boolean asked = false;
        while (true) {
            int length = Libc.read(errno, fd(), buffer.address(), BUFFER);
            if (length > 0) {
                parse(buffer, length, events);
            } else if (length == -Errno.ENOBUFS && !asked) {
                asked = true;
                askForAll();
            } else {
                return events;
            }
        }
    }

    private void askForAll() {
        buffer.asSlice(0, NLMSGHDR_SIZE + IFINFOMSG_SIZE).fill((byte) 0);
        buffer.set(JAVA_INT, 0, NLMSGHDR_SIZE + IFINFOMSG_SIZE);
        buffer.set(JAVA_SHORT, 4, RTM_GETLINK);
        buffer.set(JAVA_SHORT, 6, NLM_F_REQUEST_DUMP);
        Libc.write(errno, fd(), buffer.address(), NLMSGHDR_SIZE + IFINFOMSG_SIZE);
    }

    /** Reads the messages of one datagram; what is cut short or malformed ends it. */
    static void parse(MemorySegment buffer, int length, List<LinkEvent> events) {
        int at = 0;
        while (length - at >= NLMSGHDR_SIZE) {
            // struct nlmsghdr: length 0, type 4 (u16)
            int size = buffer.get(JAVA_INT, at);
            if (size < NLMSGHDR_SIZE || size > length - at) {
                return;
            }
            short type = buffer.get(JAVA_SHORT, at + 4);
            // struct ifinfomsg: family 0 (u8), index 4. A family other than 0 tells of a bridge's port.
            int link = at + NLMSGHDR_SIZE;
            if ((type == RTM_NEWLINK || type == RTM_DELLINK)
                    && size >= NLMSGHDR_SIZE + IFINFOMSG_SIZE
                    && buffer.get(JAVA_BYTE, link) == 0) {
                events.add(new LinkEvent(buffer.get(JAVA_INT, link + 4), type == RTM_DELLINK));
            }
            at += (size + 3) & ~3; // NLMSG_ALIGN
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
