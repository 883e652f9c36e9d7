package anubis.config;

import anubis.crypto.PublicKey;
import java.util.Set;

/**
 * What of an interface is found on a host.
 *
 * @param mtu in bytes
 * @param up whether the link is up
 * @param addresses without those that the kernel gives itself (link-local)
 * @param routes through the interface that have our protocol number
 * @param rules of the interface's slot that have our protocol number
 * @param firewall whether its nft table is there
 */
public record Observed(
        int mtu,
        boolean up,
        Set<Cidr> addresses,
        UapiDevice device,
        Set<Route> routes,
        Set<Rule> rules,
        boolean firewall) {
    public Observed {
        addresses = Set.copyOf(addresses);
        routes = Set.copyOf(routes);
        rules = Set.copyOf(rules);
    }

    /** The same with these rules. */
    public Observed withRules(Set<Rule> others) {
        return new Observed(mtu, up, addresses, device, routes, others, firewall);
    }

    /** The same without these peers. */
    public Observed without(Set<PublicKey> peers) {
        UapiDevice rest = new UapiDevice(
                device.privateKey(),
                device.listenPort(),
                device.fwMark(),
                device.peers().stream()
                        .filter(peer -> !peers.contains(peer.publicKey()))
                        .toList());
        return new Observed(mtu, up, addresses, rest, routes, rules, firewall);
    }
}
