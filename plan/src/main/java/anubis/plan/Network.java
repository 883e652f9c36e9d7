package anubis.plan;

import anubis.config.Cidr;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A whole network as it is described: what there is, not which routes it needs.
 *
 * @param name for people
 * @param domain of the hosts' names, without dots at its ends
 * @param interfaceName of WireGuard on every host
 * @param suffix what a host's name ends with where its WireGuard addresses are meant
 * @param ranges of the WireGuard addresses, without host bits, at most one of each family
 * @param port where WireGuard listens unless a host says otherwise; also the number of its table and its mark
 * @param gatePort where the gate of the hubs listens, if the network has one: then a hub hears from the others who uses it
 * @param segments by name, in the order of the description
 * @param hosts by name, in the order of the description
 * @param situations at least one; the first is the usual one
 */
public record Network(
        String name,
        String domain,
        String interfaceName,
        String suffix,
        List<Cidr> ranges,
        int port,
        OptionalInt gatePort,
        Map<String, Segment> segments,
        Map<String, Host> hosts,
        List<Situation> situations) {
    /** The name that stands for everybody else: a machine in the wild that is not of the network. */
    public static final String STRANGER = "stranger";

    public Network {
        ranges = List.copyOf(ranges);
        segments = Collections.unmodifiableMap(new LinkedHashMap<>(segments));
        hosts = Collections.unmodifiableMap(new LinkedHashMap<>(hosts));
        situations = List.copyOf(situations);
    }

    /** The host of that name. */
    public Host host(String hostName) {
        return Optional.ofNullable(hosts.get(hostName))
                .orElseThrow(() -> new IllegalArgumentException("there is no host " + hostName));
    }

    /** The segment of that name. */
    public Segment segment(String segmentName) {
        return Optional.ofNullable(segments.get(segmentName))
                .orElseThrow(() -> new IllegalArgumentException("there is no segment " + segmentName));
    }
}
