package anubis.cli;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import anubis.host.Diagnosis;
import anubis.host.Diagnosis.Finding;
import anubis.host.NextHop;
import anubis.host.PathMtu;
import anubis.host.PeerBoard;
import anubis.host.WireGuardInterface;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The verbs that tell what is wrong: {@code why} concludes, {@code mtu} measures. */
final class WhyCommands {
    private WhyCommands() {}

    static CommandSpec why() {
        PositionalParamSpec name = WatchCommands.interfaceName("1", "Name of the interface.");
        PositionalParamSpec peer = peer("all of them if it is left out.");
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "why",
                "Tells why packets do not arrive: what was dropped and whatever else is wrong, and what to do about it.",
                () -> why(WatchCommands.out(name), name, peer, WatchCommands.isSet(json)));
        return spec.addPositional(name).addPositional(peer).addOption(json);
    }

    static CommandSpec mtu() {
        PositionalParamSpec name = WatchCommands.interfaceName("1", "Name of the interface.");
        PositionalParamSpec peer = peer("it may be left out where there is but one.");
        OptionSpec address = TextOption.of(
                "-a --address",
                "ADDRESS",
                "Address of the peer in the tunnel; by default the first /32 or /128 of its AllowedIPs.");
        OptionSpec json = Json.option();
        CommandSpec spec = Anubis.verb(
                "mtu",
                "Measures how large packets may be that pass through the tunnel to a peer, and tells what the MTU of the"
                        + " interface should be.",
                () -> mtu(WatchCommands.out(name), name, peer, address, WatchCommands.isSet(json)));
        return spec.addPositional(name).addPositional(peer).addOption(address).addOption(json);
    }

    private static PositionalParamSpec peer(String otherwise) {
        return PositionalParamSpec.builder()
                .index("1")
                .arity("0..1")
                .paramLabel("PEER")
                .type(String.class)
                .description("Name of a peer, or its public key or the beginning of that; " + otherwise)
                .build();
    }

    /** The peer that is called so, or else whose public key begins so. */
    private static UapiPeer find(UapiDevice device, String name, String given) throws IOException {
        Map<PublicKey, String> names = PeerBoard.names(name);
        List<UapiPeer> called = device.peers().stream()
                .filter(peer -> given.equals(names.get(peer.publicKey())))
                .toList();
        List<UapiPeer> found = !called.isEmpty()
                ? called
                : device.peers().stream()
                        .filter(peer -> peer.publicKey().base64().startsWith(given))
                        .toList();
        if (found.size() != 1) {
            throw new Anubis.UsageException(
                    (found.isEmpty() ? "no peer of " + name + " is" : found.size() + " peers of " + name + " are")
                            + " called '" + given + "' or known by a public key that begins so");
        }
        return found.getFirst();
    }

    // why

    private static void why(PrintWriter out, PositionalParamSpec nameGiven, PositionalParamSpec peerGiven, boolean json)
            throws IOException, InterruptedException {
        String name = WatchCommands.interfaceGiven(nameGiven).orElseThrow();
        PeerBoard.Seen seen = PeerBoard.open(Optional.of(name)).seen().get(name);
        if (seen == null) {
            throw new IOException("there is no interface " + name);
        }
        Optional<String> peer = WatchCommands.given(peerGiven);
        Optional<PublicKey> only = peer.isPresent()
                ? Optional.of(find(seen.device(), name, peer.get()).publicKey())
                : Optional.empty();
        List<Finding> findings = Diagnosis.of(
                        name,
                        Instant.now(),
                        seen.device(),
                        Diagnosis.Link.of(name),
                        WireGuardInterface.of(name).drops(),
                        seen.watch())
                .stream()
                .filter(finding -> only.isEmpty() || only.equals(finding.peer()))
                .toList();
        if (json) {
            printJson(out, name, findings);
        } else {
            printText(out, PeerBoard.names(name), findings);
        }
    }

    private static void printJson(PrintWriter out, String name, List<Finding> findings) throws IOException {
        Json.print(out, to -> {
            to.writeStartObject();
            to.writeStringField("interface", name);
            to.writeArrayFieldStart("findings");
            for (Finding finding : findings) {
                to.writeStartObject();
                if (finding.peer().isPresent()) {
                    to.writeStringField("peer", finding.peer().get().base64());
                }
                to.writeStringField("cause", finding.cause());
                if (finding.count().isPresent()) {
                    to.writeNumberField("count", finding.count().getAsLong());
                }
                to.writeStringField("meaning", finding.meaning());
                to.writeStringField("remedy", finding.remedy());
                to.writeEndObject();
            }
            to.writeEndArray();
            to.writeEndObject();
        });
    }

    private static void printText(PrintWriter out, Map<PublicKey, String> names, List<Finding> findings) {
        if (findings.isEmpty()) {
            out.println("nothing is wrong, as far as can be seen from here");
        }
        Optional<PublicKey> about = Optional.empty();
        for (Finding finding : findings) {
            if (!about.equals(finding.peer())) {
                about = finding.peer();
                about.ifPresent(peer -> out.println(
                        "peer " + peer.base64() + (names.containsKey(peer) ? " (" + names.get(peer) + ")" : "")));
            }
            String count = finding.count().isPresent() ? " (" + finding.count().getAsLong() + ")" : "";
            out.println("  " + finding.cause() + count + ": " + finding.meaning());
            out.println("    " + finding.remedy());
        }
        out.flush();
    }

    // mtu

    private static void mtu(
            PrintWriter out,
            PositionalParamSpec nameGiven,
            PositionalParamSpec peerGiven,
            OptionSpec address,
            boolean json)
            throws IOException, InterruptedException {
        String name = WatchCommands.interfaceGiven(nameGiven).orElseThrow();
        UapiDevice device = WireGuardInterface.of(name).get();
        UapiPeer peer = peer(device, name, WatchCommands.given(peerGiven));
        InetAddress inside = inside(peer, Optional.ofNullable(address.<String>getValue()));
        PathMtu found = PathMtu.measure(name, inside, peer.endpoint().flatMap(NextHop::address), device.fwMark());
        if (json) {
            printJson(out, name, peer, inside, found);
        } else {
            printText(out, name, inside, found);
        }
    }

    private static UapiPeer peer(UapiDevice device, String name, Optional<String> given) throws IOException {
        if (given.isPresent()) {
            return find(device, name, given.get());
        }
        if (device.peers().size() != 1) {
            throw new Anubis.UsageException(
                    name + " has " + device.peers().size() + " peers: say which, by its name or public key");
        }
        return device.peers().getFirst();
    }

    private static InetAddress inside(UapiPeer peer, Optional<String> given) {
        if (given.isPresent()) {
            try {
                return InetAddress.ofLiteral(given.get());
            } catch (IllegalArgumentException e) {
                throw new Anubis.UsageException("'" + given.get() + "' is no IP address");
            }
        }
        return peer.allowedIps().stream()
                .filter(prefix -> prefix.length() == 8 * prefix.address().getAddress().length)
                .map(Cidr::address)
                .findFirst()
                .orElseThrow(() -> new Anubis.UsageException(
                        "no /32 or /128 is among the peer's AllowedIPs: name an address of it with --address"));
    }

    private static void printJson(PrintWriter out, String name, UapiPeer peer, InetAddress inside, PathMtu found)
            throws IOException {
        Json.print(out, to -> {
            to.writeStartObject();
            to.writeStringField("interface", name);
            to.writeStringField("peer", peer.publicKey().base64());
            to.writeStringField("address", text(inside));
            to.writeNumberField("set", found.interfaceMtu());
            to.writeNumberField("inside", found.inside());
            if (found.outside().isPresent()) {
                to.writeNumberField("outside", found.outside().getAsInt());
            }
            to.writeNumberField("recommended", found.recommended());
            to.writeNumberField("recommended_over_ipv4", found.recommended(PathMtu.OVERHEAD_V4));
            to.writeNumberField("recommended_over_ipv6", found.recommended(PathMtu.OVERHEAD_V6));
            to.writeEndObject();
        });
    }

    /** An IPv6 address in its short form. */
    private static String text(InetAddress address) {
        return new Endpoint(address.getHostAddress(), 0).host();
    }

    private static void printText(PrintWriter out, String name, InetAddress inside, PathMtu found) {
        out.println("MTU of " + name + ": " + found.interfaceMtu());
        out.println("passes through the tunnel to " + text(inside) + ": " + found.inside()
                + (found.inside() == found.interfaceMtu() ? " (all that " + name + " takes)" : ""));
        out.println("passes outside, to the endpoint: "
                + (found.outside().isPresent() ? found.outside().getAsInt() : "not known, for it answers no pings"));
        out.println("over IPv4 it should be " + found.recommended(PathMtu.OVERHEAD_V4) + ", over IPv6 "
                + found.recommended(PathMtu.OVERHEAD_V6) + "; the endpoint is reached over "
                + (found.overhead() == PathMtu.OVERHEAD_V4 ? "IPv4" : "IPv6"));
        int wanted = found.recommended();
        out.println(
                wanted == found.interfaceMtu()
                        ? "it is as it should be"
                        : "ip link set " + name + " mtu " + wanted + "    # and MTU = " + wanted
                                + " in its configuration, on both ends");
        if (wanted < PathMtu.MTU_MIN) {
            out.println("IPv6 needs an MTU of at least " + PathMtu.MTU_MIN + ": in this tunnel it cannot be used");
        }
        out.flush();
    }
}
