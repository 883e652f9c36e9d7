package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Machine.Kind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An interface of a {@link Node}. */
final class Iface {
    private final Node node;
    private final Machine.Link link;
    private final List<Cidr> addresses;
    private final @Nullable Tunnel tunnel;
    private final @Nullable String segment;

    Iface(Node node, Machine.Link link) {
        this.node = node;
        this.link = link;
        addresses = link.addresses().stream().filter(cidr -> speaks(cidr.six())).toList();
        tunnel = link.kind() instanceof Kind.WireGuard wireGuard ? new Tunnel(this, wireGuard.device()) : null;
        segment = link.kind() instanceof Kind.Ethernet ethernet ? ethernet.segment() : null;
    }

    Node node() {
        return node;
    }

    String name() {
        return link.name();
    }

    /** In bytes. */
    int mtu() {
        return link.mtu();
    }

    /** Whether packets of the family can be sent by it at all. */
    boolean speaks(boolean six) {
        return !six || link.mtu() >= Node.MTU_MIN_6;
    }

    List<Cidr> addresses() {
        return addresses;
    }

    /** The first of its addresses of a family. */
    @Nullable
    Ip first(boolean six) {
        return addresses.stream()
                .filter(cidr -> cidr.six() == six)
                .findFirst()
                .map(cidr -> Ip.of(cidr.address()))
                .orElse(null);
    }

    boolean has(@Nullable Ip ip) {
        return ip != null
                && addresses.stream().anyMatch(cidr -> Ip.of(cidr.address()).equals(ip));
    }

    /** The WireGuard device that it is, if it is one. */
    @Nullable
    Tunnel tunnel() {
        return tunnel;
    }

    /** The segment that it is on, if it is Ethernet. */
    @Nullable
    String segment() {
        return segment;
    }

    @Override
    public String toString() {
        return name() + " on " + node.name();
    }
}
