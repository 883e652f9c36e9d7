package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Proof.Finding;
import anubis.plan.Tunnel.Grant;
import anubis.plan.Tunnel.Peer;
import anubis.plan.Tunnels.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is wrong in a world whatever is sent: addresses of two, allowed IPs of two, tunnels that shrink. */
final class Findings {
    private final Prover prover;
    private final @Nullable Expectation expectation;
    private final Set<Finding> all = new LinkedHashSet<>();

    private Findings(Prover prover, @Nullable Expectation expectation) {
        this.prover = prover;
        this.expectation = expectation;
    }

    static List<Finding> of(Prover prover, @Nullable Expectation expectation) {
        Findings findings = new Findings(prover, expectation);
        findings.overlaps();
        for (Node node : prover.terrain().nodes()) {
            findings.node(node);
        }
        return List.copyOf(findings.all);
    }

    private void overlaps() {
        Map<Ip, Node> owners = new HashMap<>();
        for (Node node : prover.terrain().nodes()) {
            for (Iface iface : node.ifaces()) {
                for (Cidr cidr : iface.addresses()) {
                    Ip ip = Ip.of(cidr.address());
                    Node other = expectation != null && expectation.renamed(node.name(), ip)
                            ? null
                            : owners.putIfAbsent(ip, node);
                    if (other != null && other != node) {
                        all.add(new Finding(
                                Reason.OVERLAP,
                                node.name(),
                                ip + " on " + iface.name() + " is an address of " + other + ", too"));
                    }
                }
            }
        }
    }

    private void node(Node node) {
        List<Cidr> networks = new ArrayList<>();
        for (Iface iface : node.ifaces()) {
            for (Cidr cidr : iface.addresses()) {
                if (cidr.length() < Ip.of(cidr.address()).bits()) {
                    Cidr network = cidr.masked();
                    for (Cidr other : networks) {
                        if (!network.equals(other) && (network.contains(other) || other.contains(network))) {
                            all.add(new Finding(
                                    Reason.OVERLAP,
                                    node.name(),
                                    "the networks " + other + " and " + network + " of its interfaces overlap"));
                        }
                    }
                    networks.add(network);
                }
            }
            if (!iface.speaks(true)
                    && node.machine().links().stream()
                            .filter(link -> link.name().equals(iface.name()))
                            .anyMatch(link -> link.addresses().stream().anyMatch(Cidr::six))) {
                all.add(new Finding(
                        Reason.MTU,
                        node.name(),
                        "with an MTU of " + iface.mtu() + " there is no IPv6 on " + iface.name() + ": it needs "
                                + Node.MTU_MIN_6));
            }
            if (iface.tunnel() != null) {
                tunnel(iface.tunnel());
            }
        }
    }

    private void tunnel(Tunnel tunnel) {
        for (Grant grant : tunnel.grants()) {
            grant.before()
                    .ifPresent(before -> all.add(new Finding(
                            Reason.ALLOWED_IPS_STOLEN,
                            tunnel.node().name(),
                            grant.prefix() + " on " + tunnel.iface().name() + " is given to " + before.name()
                                    + " and to " + grant.peer().name() + ", which has it")));
        }
        for (Peer peer : tunnel.peers()) {
            Channel channel = prover.tunnels().channel(peer, null);
            Iface narrowest = channel.narrowest();
            int bearer = tunnel.iface().mtu() + channel.overhead();
            if (narrowest != null && bearer > narrowest.mtu()) {
                all.add(new Finding(
                        Reason.MTU,
                        tunnel.node().name(),
                        "bearer packets of %s to %s are of up to %d bytes, %d more than %s takes; set its MTU to %d"
                                .formatted(
                                        tunnel.iface().name(),
                                        peer.name(),
                                        bearer,
                                        bearer - narrowest.mtu(),
                                        narrowest,
                                        narrowest.mtu() - channel.overhead())));
            }
        }
    }
}
