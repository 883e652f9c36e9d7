package anubis.host;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The largest packets that pass through a tunnel, and that pass to the other end outside of it, found with pings that may not
 * be fragmented. Sizes are in bytes, of whole IP packets.
 *
 * @param interfaceMtu what the interface is set to
 * @param inside the largest packet that passes through the tunnel, at most {@code interfaceMtu}
 * @param outside the largest packet that passes to the endpoint, if that answers pings: the datagrams of the tunnel may be
 *     fragmented, so that a larger packet passes inside than should
 * @param overhead of the endpoint's IP version
 */
public record PathMtu(int interfaceMtu, int inside, OptionalInt outside, int overhead) {
    /** Headers of IPv4 and UDP, 28 bytes; header and tag of transport data, 32. */
    public static final int OVERHEAD_V4 = 60;
    /** 20 bytes more for the header of IPv6. */
    public static final int OVERHEAD_V6 = 80;

    /** Every way for IPv6 has this one (RFC 8200, section 5); a smaller interface cannot have IPv6. */
    public static final int MTU_MIN = 1280;

    private static final int ICMP = 8;
    private static final int SMALLEST = 128;

    /** Whether a packet of a size in bytes gets an answer of the same size. */
    @FunctionalInterface
    interface Probe {
        boolean passes(int size) throws IOException;
    }

    /**
     * Measures.
     *
     * @param link the tunnel's interface
     * @param inside an address of the peer in the tunnel
     * @param endpoint the peer's address outside, if it is known
     * @param mark of the tunnel's datagrams, 0 for none
     * @throws IOException if the peer does not answer at all, or there is no such interface
     */
    public static PathMtu measure(String link, InetAddress inside, Optional<InetAddress> endpoint, long mark)
            throws IOException {
        NetworkInterface tunnel = NetworkInterface.getByName(link);
        if (tunnel == null) {
            throw new IOException("there is no interface " + link + " in this network namespace");
        }
        int mtu = tunnel.getMTU();
        OptionalInt through = largest(Math.min(SMALLEST, mtu), mtu, probe(inside, List.of("-I", link)));
        if (through.isEmpty()) {
            throw new IOException(inside.getHostAddress() + " does not answer pings through " + link
                    + ": see 'anubis status " + link
                    + "' whether the peer is up, let its firewall answer pings, or choose"
                    + " another address of it with --address");
        }
        OptionalInt outside = endpoint.isPresent() ? outside(endpoint.get(), mark) : OptionalInt.empty();
        int overhead =
                endpoint.filter(address -> !(address instanceof Inet4Address)).isPresent() ? OVERHEAD_V6 : OVERHEAD_V4;
        return new PathMtu(mtu, through.getAsInt(), outside, overhead);
    }

    /** What fits outside, if the endpoint answers; at most the MTU of the interface that leads there. */
    private static OptionalInt outside(InetAddress endpoint, long mark) throws IOException {
        Optional<NextHop> route =
                Optional.ofNullable(NextHop.to(List.of(endpoint), mark).get(endpoint));
        NetworkInterface link =
                route.isPresent() ? NetworkInterface.getByName(route.get().link()) : null;
        if (link == null) {
            return OptionalInt.empty();
        }
        int most = Math.min(link.getMTU(), 65_535);
        return largest(SMALLEST, most, probe(endpoint, mark == 0 ? List.of() : List.of("-m", Long.toString(mark))));
    }

    /**
     * The largest size from {@code low} to {@code high} that passes, if {@code low} does: what passes once is taken to pass
     * with fewer bytes, too.
     */
    static OptionalInt largest(int low, int high, Probe probe) throws IOException {
        if (!probe.passes(low)) {
            return OptionalInt.empty();
        }
        if (probe.passes(high)) {
            return OptionalInt.of(high);
        }
        int passes = low;
        int fails = high;
        while (fails - passes > 1) {
            // The smallest MTU of IPv6 is where most that is wrong shows.
            int middle = passes < MTU_MIN && fails > MTU_MIN ? MTU_MIN : (passes + fails) >>> 1;
            if (probe.passes(middle)) {
                passes = middle;
            } else {
                fails = middle;
            }
        }
        return OptionalInt.of(passes);
    }

    /** Three pings, of which one must be answered within a second. */
    private static Probe probe(InetAddress address, List<String> options) {
        int headers = (address instanceof Inet4Address ? 20 : 40) + ICMP;
        return size -> {
            List<String> command =
                    new ArrayList<>(List.of("ping", "-n", "-q", "-M", "do", "-c", "3", "-i", "0.2", "-W", "1", "-s"));
            command.add(Integer.toString(size - headers));
            command.addAll(options);
            command.add(address.getHostAddress());
            Command.Answer ping = Command.run("", command);
            if (ping.status() > 1 && !ping.err().contains("too long")) {
                throw new IOException("ping: " + ping.err().strip());
            }
            return ping.status() == 0;
        };
    }

    /** What the interface should be set to while the endpoint is reached as it is. */
    public int recommended() {
        return recommended(overhead);
    }

    /** What it should be set to for outer packets that cost {@code outer} bytes, on the same way. */
    public int recommended(int outer) {
        int measured = inside < interfaceMtu ? inside + overhead - outer : Integer.MAX_VALUE;
        int known = outside.isPresent() ? outside.getAsInt() - outer : interfaceMtu + overhead - outer;
        return Math.min(measured, known);
    }
}
