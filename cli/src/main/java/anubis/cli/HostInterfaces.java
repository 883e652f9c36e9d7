package anubis.cli;

import anubis.linux.Rtnetlink;
import anubis.plan.Host;
import anubis.plan.Network;
import anubis.plan.Segment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The interfaces of this machine. Firewall and translation go by their names: where one of the description is not there, or is
 * another one, nothing is shut.
 */
final class HostInterfaces {
    private final Path description;
    private final Host self;

    private HostInterfaces(Path description, Host self) {
        this.description = description;
        this.self = self;
    }

    /**
     * Looks whether those by which a host that stays is on its networks are there, with no addresses on one that should be on
     * another.
     *
     * @throws IOException if not; the message says what to write
     */
    static void check(Path description, Network network, Host self) throws IOException {
        if (self.moves()) {
            return; // it trusts none of them
        }
        HostInterfaces here = new HostInterfaces(description, self);
        for (String name : self.on().keySet()) {
            Segment segment = network.segment(name);
            if (!segment.inside(self)) {
                here.check(segment);
            }
        }
    }

    private void check(Segment segment) throws IOException {
        String planned = self.interfaceOn(segment);
        for (InetAddress address : self.addressesOn(segment.name())) {
            Optional<String> other = Optional.ofNullable(NetworkInterface.getByInetAddress(address))
                    .map(NetworkInterface::getName)
                    .filter(name -> !name.equals(planned));
            if (other.isPresent()) {
                throw wrong(
                        segment,
                        address.getHostAddress() + " is on " + other.get() + " here, not on " + planned,
                        other.get());
            }
        }
        if (!exists(planned)) {
            String others = NetworkInterface.networkInterfaces()
                    .map(NetworkInterface::getName)
                    .filter(name -> !name.equals("lo"))
                    .sorted()
                    .collect(Collectors.joining(", "));
            throw wrong(
                    segment, "there is no " + planned + " here" + (others.isEmpty() ? "" : ", only " + others), "…");
        }
    }

    /** Also without an address, as Java does not see it. */
    private static boolean exists(String link) throws IOException {
        try (Rtnetlink kernel = Rtnetlink.open()) {
            return kernel.link(link).isPresent();
        }
    }

    private IOException wrong(Segment segment, String what, String remedy) {
        return new IOException(description + ": hosts." + self.name() + ".interfaces." + segment.name() + ": " + what
                + ": the firewall would shut nothing; write interfaces." + segment.name() + " = \"" + remedy
                + "\" below [hosts." + self.name() + "]");
    }
}
