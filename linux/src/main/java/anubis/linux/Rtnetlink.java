package anubis.linux;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The interfaces, addresses, routes and rules of a network namespace, and its tables of nft, as the kernel tells them
 * (rtnetlink(7)); routes can be changed. To be used by one thread.
 */
public final class Rtnetlink implements AutoCloseable {
    // linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/fib_rules.h
    private static final int NETLINK_ROUTE = 0;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_GETADDR = 22;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_GETROUTE = 26;
    private static final int RTM_GETRULE = 34;
    private static final byte AF_INET = 2;
    private static final byte AF_INET6 = 10;
    private static final List<Byte> FAMILIES = List.of(AF_INET, AF_INET6);

    private static final int IFINFOMSG = 16; // family 0, type 2 (u16), index 4, flags 8, change 12
    private static final int IFF_UP = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;

    private static final int IFADDRMSG = 8; // family 0, prefix length 1, flags 2, scope 3, index 4
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    // family 0, destination's length 1, source's 2, TOS 3, table 4, protocol 5, scope 6, type 7, flags 8 (u32)
    private static final int RTMSG = 12;
    private static final int RTN_UNICAST = 1;
    private static final int RTPROT_KERNEL = 2;
    private static final int RT_TABLE_MAIN = 254;
    private static final int RT_SCOPE_LINK = 253;
    private static final int RT_SCOPE_NOWHERE = 255; // of a route to be deleted: any
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_PREFSRC = 7;
    private static final int RTA_METRICS = 8;
    private static final int RTA_TABLE = 15;
    private static final int RTA_MARK = 16;
    private static final int RTAX_MTU = 2;

    // As RTMSG, but: action 7.
    private static final int FIB_RULE_HDR = 12;
    private static final int FR_ACT_TO_TBL = 1;
    private static final int FIB_RULE_INVERT = 2;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_SUPPRESS_PREFIXLEN = 14;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    private static final int FRA_PROTOCOL = 21;

    // linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h
    private static final int NETLINK_NETFILTER = 12;
    private static final int NFT_MSG_GETTABLE = 10 << 8 | 1;
    private static final byte NFPROTO_INET = 1;
    private static final int NFTA_TABLE_NAME = 1;

    private final Netlink netlink;

    /** An interface; its MTU is in bytes. */
    public record Link(int index, String name, boolean up, int mtu) {}

    /** A prefix: an address, maybe with bits after so many. */
    public record Prefix(InetAddress address, int length) {}

    /** A unicast route and the number of its table. */
    public record Route(Prefix to, long table, int protocol) {}

    /**
     * A route of a table, of any kind.
     *
     * @param type the kernel's number (RTN_…): 1 unicast, 6 blackhole, 7 unreachable, 9 throw
     * @param link the index of the interface, 0 if it leads to none
     * @param via the router on it
     * @param source the address that is preferred to send from
     */
    public record TableRoute(Prefix to, int type, int link, Optional<InetAddress> via, Optional<InetAddress> source) {}

    /** The way to an address: the index of the interface, and the MTU in bytes if the kernel knows one for this way. */
    public record Way(int link, OptionalInt mtu) {}

    /**
     * A policy rule for packets from anywhere to anywhere, by which a table is asked.
     *
     * @param suppressed answers with at most so many bits do not count; -1 if all do
     * @param mark which its packets have, or with {@code inverted} have not
     */
    public record Rule(
            boolean six, int priority, long table, int suppressed, boolean inverted, OptionalLong mark, long mask) {}

    private Rtnetlink(Netlink netlink) {
        this.netlink = netlink;
    }

    /** Asks about the calling thread's network namespace. */
    public static Rtnetlink open() throws ErrnoException {
        return new Rtnetlink(Netlink.open(NETLINK_ROUTE));
    }

    /** The interface of a name. */
    public Optional<Link> link(String name) throws ErrnoException {
        ByteBuffer request = Netlink.request().put(new byte[IFINFOMSG]);
        Netlink.put(request, IFLA_IFNAME, (name + "\0").getBytes(StandardCharsets.US_ASCII));
        return found(RTM_GETLINK, request).map(Rtnetlink::link);
    }

    /** The interface of an index. */
    public Optional<Link> link(int index) throws ErrnoException {
        return found(RTM_GETLINK, Netlink.request().putInt(0).putInt(index).putLong(0))
                .map(Rtnetlink::link);
    }

    private static Link link(Netlink.Message message) {
        return new Link(
                message.i32(4),
                message.attribute(IFINFOMSG, IFLA_IFNAME).map(Rtnetlink::text).orElse(""),
                (message.i32(8) & IFF_UP) != 0,
                message.number(IFINFOMSG, IFLA_MTU).orElse(0));
    }

    /** The addresses of an interface, without those that have another one for the other end. */
    public List<Prefix> addresses(int link) throws ErrnoException {
        List<Prefix> addresses = new ArrayList<>();
        ByteBuffer request = Netlink.request().putInt(0).putInt(link);
        for (Netlink.Message message : netlink.dump(RTM_GETADDR, request)) {
            Optional<ByteBuffer> address = message.attribute(IFADDRMSG, IFA_ADDRESS);
            Optional<ByteBuffer> local = message.attribute(IFADDRMSG, IFA_LOCAL).or(() -> address);
            if (message.i32(4) == link && local.isPresent() && local.equals(address)) {
                addresses.add(prefix(message.u8(0), message.u8(1), local));
            }
        }
        return addresses;
    }

    /** The unicast routes through an interface, of all tables. */
    public List<Route> routes(int link) throws ErrnoException {
        List<Route> routes = new ArrayList<>();
        for (byte family : FAMILIES) {
            for (Netlink.Message message : routes(family, RTA_OIF, link)) {
                if (message.number(RTMSG, RTA_OIF).equals(Optional.of(link))) {
                    routes.add(new Route(
                            prefix(family, message.u8(1), message.attribute(RTMSG, RTA_DST)),
                            table(message, RTMSG, RTA_TABLE),
                            message.u8(5)));
                }
            }
        }
        return routes;
    }

    /** All routes of a table, but for those that the kernel makes itself. */
    public List<TableRoute> table(long table) throws ErrnoException {
        List<TableRoute> routes = new ArrayList<>();
        for (byte family : FAMILIES) {
            ByteBuffer request = Netlink.request().put(family).put(new byte[RTMSG - 1]);
            Netlink.put(request, RTA_TABLE, (int) table);
            for (Netlink.Message message : all(RTM_GETROUTE, request)) {
                if (message.u8(0) == family
                        && table(message, RTMSG, RTA_TABLE) == table
                        && message.u8(5) != RTPROT_KERNEL) {
                    routes.add(new TableRoute(
                            prefix(family, message.u8(1), message.attribute(RTMSG, RTA_DST)),
                            message.u8(7),
                            message.u8(7) == RTN_UNICAST
                                    ? message.number(RTMSG, RTA_OIF).orElse(0)
                                    : 0,
                            address(family, message, RTA_GATEWAY),
                            address(family, message, RTA_PREFSRC)));
                }
            }
        }
        return routes;
    }

    private static Optional<InetAddress> address(int family, Netlink.Message message, int attribute) {
        return message.attribute(RTMSG, attribute)
                .map(value -> prefix(family, 0, Optional.of(value)).address());
    }

    /** The ways of the default routes in the main table. */
    public Set<Way> defaultWays() throws ErrnoException {
        Set<Way> ways = new HashSet<>();
        for (byte family : FAMILIES) {
            for (Netlink.Message message : routes(family, RTA_TABLE, RT_TABLE_MAIN)) {
                if (message.u8(1) == 0 && table(message, RTMSG, RTA_TABLE) == RT_TABLE_MAIN) {
                    way(message).ifPresent(ways::add);
                }
            }
        }
        return ways;
    }

    private List<Netlink.Message> routes(byte family, int attribute, int value) throws ErrnoException {
        ByteBuffer request = Netlink.request().put(family).put(new byte[RTMSG - 1]);
        Netlink.put(request, attribute, value);
        return all(RTM_GETROUTE, request).stream()
                .filter(message -> message.u8(0) == family && message.u8(7) == RTN_UNICAST)
                .toList();
    }

    /** Adds a route through an interface; EEXIST if there is one to the same prefix in its table. */
    public void add(int link, Route route) throws ErrnoException {
        netlink.make(RTM_NEWROUTE, request(link, route, RT_SCOPE_LINK));
    }

    /** Takes a route through an interface away; ESRCH if it is not there. */
    public void delete(int link, Route route) throws ErrnoException {
        netlink.change(RTM_DELROUTE, request(link, route, RT_SCOPE_NOWHERE));
    }

    private static ByteBuffer request(int link, Route route, int scope) {
        InetAddress address = route.to().address();
        ByteBuffer request = Netlink.request()
                .put(address instanceof Inet6Address ? AF_INET6 : AF_INET)
                .put((byte) route.to().length())
                .putShort((short) 0)
                .put((byte) 0) // the table is told by an attribute
                .put((byte) route.protocol())
                .put((byte) scope)
                .put((byte) RTN_UNICAST)
                .putInt(0);
        Netlink.put(request, RTA_DST, address.getAddress());
        Netlink.put(request, RTA_OIF, link);
        Netlink.put(request, RTA_TABLE, (int) route.table());
        return request;
    }

    private static long table(Netlink.Message message, int fixed, int type) {
        return message.number(fixed, type).map(Integer::toUnsignedLong).orElseGet(() -> (long) message.u8(4));
    }

    /** The way that a packet of this host would take to an address now; none if there is none. */
    public Optional<Way> way(InetAddress to, long mark) throws ErrnoException {
        byte[] address = to.getAddress();
        ByteBuffer request = Netlink.request()
                .put(to instanceof Inet6Address ? AF_INET6 : AF_INET)
                .put((byte) (address.length * Byte.SIZE))
                .put(new byte[RTMSG - 2]);
        Netlink.put(request, RTA_DST, address);
        if (mark != 0) {
            Netlink.put(request, RTA_MARK, (int) mark);
        }
        if (to instanceof Inet6Address six && six.getScopeId() != 0) {
            Netlink.put(request, RTA_OIF, six.getScopeId());
        }
        return found(RTM_GETROUTE, request).flatMap(Rtnetlink::way);
    }

    private static Optional<Way> way(Netlink.Message message) {
        Optional<Integer> mtu = message.attribute(RTMSG, RTA_METRICS)
                .flatMap(metrics -> new Netlink.Message(metrics).number(0, RTAX_MTU));
        return message.number(RTMSG, RTA_OIF)
                .map(link -> new Way(link, mtu.map(OptionalInt::of).orElseGet(OptionalInt::empty)));
    }

    /** The policy rules with a protocol number. */
    public List<Rule> rules(int protocol) throws ErrnoException {
        return rules(message -> message.attribute(FIB_RULE_HDR, FRA_PROTOCOL)
                .filter(value -> value.hasRemaining() && Byte.toUnsignedInt(value.get(0)) == protocol)
                .isPresent());
    }

    /** All policy rules by which a table is asked for packets from anywhere to anywhere. */
    public List<Rule> rules() throws ErrnoException {
        return rules(_ -> true);
    }

    private List<Rule> rules(Predicate<Netlink.Message> wanted) throws ErrnoException {
        List<Rule> rules = new ArrayList<>();
        for (byte family : FAMILIES) {
            ByteBuffer request = Netlink.request().put(family).put(new byte[FIB_RULE_HDR - 1]);
            for (Netlink.Message message : all(RTM_GETRULE, request)) {
                boolean any = message.u8(1) == 0 && message.u8(2) == 0;
                if (message.u8(0) == family && message.u8(7) == FR_ACT_TO_TBL && any && wanted.test(message)) {
                    rules.add(rule(message, family == AF_INET6));
                }
            }
        }
        return rules;
    }

    private static Rule rule(Netlink.Message message, boolean six) {
        Optional<Long> mark = message.number(FIB_RULE_HDR, FRA_FWMARK).map(Integer::toUnsignedLong);
        return new Rule(
                six,
                message.number(FIB_RULE_HDR, FRA_PRIORITY).orElse(0),
                table(message, FIB_RULE_HDR, FRA_TABLE),
                message.number(FIB_RULE_HDR, FRA_SUPPRESS_PREFIXLEN).orElse(-1),
                (message.i32(8) & FIB_RULE_INVERT) != 0,
                mark.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                message.number(FIB_RULE_HDR, FRA_FWMASK)
                        .map(Integer::toUnsignedLong)
                        .orElse(0xffff_ffffL));
    }

    /** Whether there is a table of nft's of that name in the family inet; false where this user may not ask. */
    public static boolean hasTable(String name) throws ErrnoException {
        try (Netlink netfilter = Netlink.open(NETLINK_NETFILTER)) {
            // struct nfgenmsg: family 0, version 1, resource 2 (u16)
            ByteBuffer request = Netlink.request().put(NFPROTO_INET).put(new byte[3]);
            Netlink.put(request, NFTA_TABLE_NAME, (name + "\0").getBytes(StandardCharsets.US_ASCII));
            netfilter.get(NFT_MSG_GETTABLE, request);
            return true;
        } catch (ErrnoException e) {
            return false; // also where the kernel knows no tables
        }
    }

    /** Nothing where the kernel says that it is not there. */
    private Optional<Netlink.Message> found(int type, ByteBuffer request) throws ErrnoException {
        try {
            return Optional.of(netlink.get(type, request));
        } catch (ErrnoException e) {
            return switch (e.errno()) {
                // A route may also say that packets are not to get there.
                case Errno.ENODEV, Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.EACCES, Errno.EINVAL ->
                    Optional.empty();
                default -> throw e;
            };
        }
    }

    /** Nothing of a family that this kernel has not. */
    private List<Netlink.Message> all(int type, ByteBuffer request) throws ErrnoException {
        try {
            return netlink.dump(type, request);
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EAFNOSUPPORT || e.errno() == Errno.EOPNOTSUPP) {
                return List.of();
            }
            throw e;
        }
    }

    private static String text(ByteBuffer value) {
        return StandardCharsets.UTF_8.decode(value.duplicate()).toString().replace("\0", "");
    }

    /** A default route has no address. */
    private static Prefix prefix(int family, int length, Optional<ByteBuffer> address) {
        byte[] bytes = new byte[family == AF_INET6 ? 16 : 4];
        address.ifPresent(value -> value.get(0, bytes, 0, Math.min(value.remaining(), bytes.length)));
        try {
            // By this method an address of IPv6 stays one, whatever it begins with.
            return new Prefix(
                    bytes.length == 16 ? Inet6Address.getByAddress("", bytes, -1) : InetAddress.getByAddress(bytes),
                    length);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // not with so many bytes
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}
