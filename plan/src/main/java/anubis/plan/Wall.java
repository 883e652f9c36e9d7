package anubis.plan;

import anubis.config.Cidr;
import java.util.List;
import java.util.Set;

/**
 * What a machine lets through, and which addresses it writes anew: an nft table of our own. A connection that was let in is
 * let through both ways, and so is what the kernel says of it (ICMP errors).
 *
 * @param input what is asked of packets for the machine, in order; the first filter that fits decides, and if none does it
 *     is let in
 * @param forward the same of packets that it sends on
 * @param translations each packet is changed by the first that fits where it comes in, and the first where it goes out
 * @param clamped interfaces through whose MTU the MSS of forwarded TCP is bounded
 */
public record Wall(List<Filter> input, List<Filter> forward, List<Translation> translations, Set<String> clamped) {
    /** Lets all through, as it is. */
    public static final Wall NONE = new Wall(List.of(), List.of(), List.of(), Set.of());

    public Wall {
        input = List.copyOf(input);
        forward = List.copyOf(forward);
        translations = List.copyOf(translations);
        clamped = Set.copyOf(clamped);
    }

    /**
     * One filter: it fits a packet that fits all of its parts.
     *
     * @param in interfaces; none: any
     * @param out interfaces; none: any, also for packets to the machine
     * @param established for packets of connections that are known, and what belongs to them, alone
     * @param services what it is for; none: anything
     * @param from prefixes of sources; none: any
     * @param to prefixes of destinations; none: any
     */
    public record Filter(
            Set<String> in,
            Set<String> out,
            boolean established,
            List<Service> services,
            List<Cidr> from,
            List<Cidr> to,
            Verdict verdict) {
        public Filter {
            in = Set.copyOf(in);
            out = Set.copyOf(out);
            services = List.copyOf(services);
            from = List.copyOf(from);
            to = List.copyOf(to);
        }
    }

    /** What becomes of a packet that fits. */
    public enum Verdict {
        ACCEPT,
        DROP
    }

    /** Addresses or ports that are written anew, and back again in the answers. */
    public sealed interface Translation {
        /**
         * Packets that go out by {@code out} get its address as their source, but those from {@code except}; with {@code six}
         * those of IPv6, else of IPv4.
         */
        record Masquerade(String out, boolean six, List<Cidr> except) implements Translation {
            public Masquerade {
                except = List.copyOf(except);
            }
        }

        /** Packets from {@code from} that go out by {@code out} get the source with the same host bits in {@code to}. */
        record MapSource(String out, Cidr from, Cidr to) implements Translation {}

        /** Packets to {@code from} that come in by {@code in} get the destination with the same host bits in {@code to}. */
        record MapDestination(String in, Cidr from, Cidr to) implements Translation {}

        /** UDP to one of the ports at one of the machine's own addresses, come in by {@code in} (none: any), goes to another port. */
        record Redirect(Set<String> in, List<Integer> ports, int to) implements Translation {
            public Redirect {
                in = Set.copyOf(in);
                ports = List.copyOf(ports);
            }
        }
    }
}
