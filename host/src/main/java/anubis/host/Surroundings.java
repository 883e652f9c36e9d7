package anubis.host;

import anubis.config.Endpoint;
import anubis.config.Facts;
import anubis.config.HostState;
import anubis.config.QuickConfig;
import anubis.config.UapiDevice;
import anubis.linux.Rtnetlink;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds out what has to be known of this host before a configuration can be put in force. */
final class Surroundings {
    /** How long a name may take; whatever is not resolved by then is asked for again later. */
    private static final Duration NAME_PATIENCE = Duration.ofSeconds(3);

    /** What a packet grows by in the tunnel, in bytes: IPv6 40, UDP 8, WireGuard 32. */
    private static final int OVERHEAD = 80;

    private static final int ETHERNET = 1500;

    private Surroundings() {}

    /**
     * What is known of this host now.
     *
     * @param before what is in force; it keeps its slot, while one that needs its first holds {@link RunFiles#lockRules}
     * @param addresses what the names of endpoints mean
     */
    static Facts find(
            String name,
            QuickConfig config,
            UapiDevice device,
            Optional<Wanted> before,
            Map<String, InetAddress> addresses)
            throws IOException {
        int slot = before.map(each -> each.applied().facts().slot()).orElse(0);
        Facts unmoved = new Facts(ETHERNET - OVERHEAD, slot, false, addresses);
        boolean moved = movedInside(config, device, addresses);
        boolean loops = moved || HostState.loops(config, unmoved);
        boolean newSlot = loops && !before.map(Wanted::hasSlot).orElse(false);
        Facts facts = new Facts(unmoved.mtu(), newSlot ? Observer.freeSlot() : slot, moved, addresses);
        if (config.mtu().isPresent()) {
            return facts;
        }
        List<InetAddress> endpoints = config.wireguard().peers().stream()
                .<Endpoint>mapMulti((peer, to) -> peer.endpoint().ifPresent(to))
                .flatMap(endpoint -> facts.resolve(endpoint).stream())
                .map(Endpoint::address)
                .distinct()
                .toList();
        int path = pathMtu(name, endpoints, HostState.mark(config, loops, facts));
        return new Facts(path - OVERHEAD, facts.slot(), facts.movedInside(), addresses);
    }

    /** Whether a peer is inside of what some peer is allowed although neither its file nor its name says so. */
    static boolean movedInside(QuickConfig config, UapiDevice device, Map<String, InetAddress> addresses) {
        return HostState.movedInside(config, device)
                && !HostState.loops(config, new Facts(ETHERNET - OVERHEAD, 0, false, addresses));
    }

    /** The smallest MTU on the way to any of these addresses, or of the default route; none of it through the tunnel. */
    private static int pathMtu(String name, List<InetAddress> to, long mark) throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            Set<Rtnetlink.Way> ways = new HashSet<>();
            for (InetAddress address : to) {
                kernel.way(address, mark).ifPresent(ways::add);
            }
            OptionalInt smallest = smallest(name, kernel, ways);
            if (smallest.isEmpty()) {
                smallest = smallest(name, kernel, kernel.defaultWays());
            }
            return smallest.orElse(ETHERNET);
        }
    }

    private static OptionalInt smallest(String name, Rtnetlink kernel, Set<Rtnetlink.Way> ways) throws IOException {
        int smallest = Integer.MAX_VALUE;
        for (Rtnetlink.Way way : ways) {
            Optional<Rtnetlink.Link> link =
                    kernel.link(way.link()).filter(each -> !each.name().equals(name));
            if (link.isPresent()) {
                int mtu = way.mtu().orElse(link.get().mtu());
                // To oneself there is no path to measure.
                smallest = Math.min(smallest, link.get().name().equals("lo") ? ETHERNET : mtu);
            }
        }
        return smallest == Integer.MAX_VALUE ? OptionalInt.empty() : OptionalInt.of(smallest);
    }

    /**
     * What the names of a configuration's endpoints mean, all asked for at once.
     *
     * @param warnings told of each that has no answer yet
     */
    static Map<String, InetAddress> resolve(QuickConfig config, Consumer<String> warnings) {
        Map<String, CompletableFuture<Optional<InetAddress>>> asked = names(config)
                .collect(Collectors.toMap(host -> host, host -> {
                    CompletableFuture<Optional<InetAddress>> answer = new CompletableFuture<>();
                    Thread.ofVirtual().start(() -> answer.complete(resolve(host)));
                    return answer.completeOnTimeout(Optional.empty(), NAME_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
                }));
        Map<String, InetAddress> known = new HashMap<>();
        asked.forEach((host, answer) -> answer.join()
                .ifPresentOrElse(
                        address -> known.put(host, address),
                        () -> warnings.accept(host + " is not resolved yet; it is asked for again")));
        return known;
    }

    private static Stream<String> names(QuickConfig config) {
        return config.wireguard().peers().stream()
                .<Endpoint>mapMulti((peer, to) -> peer.endpoint().ifPresent(to))
                .filter(endpoint -> !endpoint.isLiteral())
                .map(Endpoint::host)
                .distinct();
    }

    private static Optional<InetAddress> resolve(String host) {
        try {
            return Optional.of(InetAddress.getByName(host));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
