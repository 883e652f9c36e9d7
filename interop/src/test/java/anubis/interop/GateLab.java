package anubis.interop;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Two hubs, with a host behind each, and three clients, all at one switch:
 *
 * <pre>
 * office 10.2.1.2 — hub   10.1.0.1 —+— alice 10.1.0.3, anubis up
 * cloud  10.2.2.2 — spare 10.1.0.2 —+— bob   10.1.0.4, gate of ours, wireguard-go
 *                                   +— carol 10.1.0.5, wireguard-go, and a client in Python that is not ours
 * </pre>
 *
 * The production interface of {@code hub} is made by {@code anubis up}, that of {@code spare} is wireguard-go. The registries
 * know all three clients; nobody is up.
 */
final class GateLab implements AutoCloseable {
    static final String OFFICE = "10.2.1.2";
    static final String CLOUD = "10.2.2.2";
    /** The switch itself, which can route. */
    static final String ROUTER = "10.1.0.254";

    private static final Optional<String> OBSTACLE = Lab.obstacle();

    final GateHost hub;
    final GateHost spare;
    final GateHost alice;
    final GateHost bob;
    final GateHost carol;
    final LabHost office;
    final LabHost cloud;

    private final Lab lab = Lab.open();
    private final Path directory;

    /** What tests want to be different from the rest. */
    record Options(String hubLines, String allowedIps, boolean gates) {
        static final Options NONE = new Options("", "'10.9.0.0/24', '10.2.0.0/16', '10.20.0.0/16'", true);

        /** With more lines in the table {@code [hub]} of the hub. */
        Options hub(String lines) {
            return new Options(lines, allowedIps, gates);
        }

        /** With that in the place of the networks that clients are told of. */
        Options telling(String prefixes) {
            return new Options(hubLines, prefixes, gates);
        }

        /** Without clients' peers in the registry, and without any gate running. */
        Options idle() {
            return new Options(hubLines, allowedIps, false);
        }
    }

    GateLab(Path directory) {
        this(directory, Options.NONE);
    }

    GateLab(Path directory, Options options) {
        this.directory = directory;
        try {
            LabHost network = lab.host("switch");
            hub = host(network, "hub", 1);
            spare = host(network, "spare", 2);
            alice = host(network, "alice", 3);
            bob = host(network, "bob", 4);
            carol = host(network, "carol", 5);
            network.router().sysctl("net.ipv4.conf.all.send_redirects", "0");
            network.bridge(Stream.of("eth0", "eth1", "eth2", "eth3", "eth4")
                            .map(network::interfaceNamed)
                            .toArray(LabInterface[]::new))
                    .address(ROUTER + "/24");
            office = behind(hub, "office");
            cloud = behind(spare, "cloud");
            configure(hub, spare, options);
            configure(spare, hub, options);
            configure(alice);
            configure(bob);
            atOnce(
                    () -> hub.up(peer(spare)),
                    () -> {
                        spare.stock(peer(hub));
                        // As 'anubis up' does it for the network of its peer.
                        spare.host.run("ip", "route", "add", hub.inner(), "dev", spare.name);
                        spare.host.run("ip", "route", "add", "10.2.1.0/24", "dev", spare.name);
                    },
                    () -> alice.up(""),
                    () -> bob.stock(""),
                    () -> carol.stock(""));
            if (options.gates) {
                atOnce(
                        () -> {
                            register(hub, spare);
                            hub.startGate();
                        },
                        () -> {
                            register(spare, hub);
                            spare.startGate();
                        },
                        alice::startGate,
                        bob::startGate);
            }
        } catch (RuntimeException | Error e) {
            lab.close();
            throw e;
        }
    }

    /** Skips the test, by name, where it cannot run. */
    static void assume() {
        OBSTACLE.ifPresent(why -> assumeTrue(false, why));
        for (Implementation each : Implementation.values()) {
            each.obstacle().ifPresent(why -> assumeTrue(false, why));
            each.prepare();
        }
    }

    private GateHost host(LabHost network, String name, int number) {
        LabHost host = lab.host(name);
        lab.link(network, host).right().address("10.1.0." + number + "/24");
        return new GateHost(host, number, directory);
    }

    private LabHost behind(GateHost hub, String name) {
        hub.host.router();
        LabHost host = lab.host(name);
        String network = "10.2." + hub.number;
        lab.link(hub.host, host).addresses(network + ".1/24", network + ".2/24");
        host.run("ip", "route", "add", "default", "via", network + ".1");
        return host;
    }

    /** One hub as the peer of the other, for good. */
    static String peer(GateHost hub) {
        return "[Peer]\nPublicKey = " + hub.keys.publicKey() + "\nEndpoint = " + hub.outer() + ":" + GateHost.PORT
                + "\nAllowedIPs = " + hub.inner() + "/32, 10.2." + hub.number + ".0/24\n";
    }

    // Configuration files of gates.

    private static String hubs(GateHost... hubs) {
        StringBuilder text = new StringBuilder();
        for (GateHost hub : hubs) {
            text.append("[[hubs]]\nname = '%s'\nkey = '%s'\nendpoint = '%s:4297'\n"
                    .formatted(hub.host.name(), hub.gateKeys.publicKey(), hub.outer()));
        }
        return text.toString();
    }

    private static String top(GateHost host) {
        return "interface = '" + host.name + "'\nkey = '" + host.file("gate.key") + "'\n";
    }

    private static void configure(GateHost hub, GateHost other, Options options) {
        hub.write(
                "gate.toml",
                top(hub)
                        + """
                        [hub]
                        name = '%s'
                        endpoints = ['%s:%d']
                        allowed-ips = [%s]
                        %s
                        """.formatted(
                                        hub.host.name(),
                                        hub.outer(),
                                        GateHost.PORT,
                                        options.allowedIps,
                                        hub.number == 1 ? options.hubLines : "")
                        + hubs(other));
    }

    /** Writes the configuration of a client's gate. */
    void configure(GateHost client) {
        client.write("gate.toml", top(client) + hubs(hub, spare));
    }

    // Registries.

    private void register(GateHost at, GateHost other) {
        at.run(add(other, "''", "--hub"));
        Path file = at.write(
                "peers.toml",
                Stream.of(alice, bob, carol).map(each -> entry(each, "")).reduce("", String::concat));
        at.run("gate", "peer", "import", file.toString());
    }

    /** A peer as a file of the registry has it, with more lines. */
    static String entry(GateHost client, String lines) {
        return """
                [[peer]]
                name = "%s"
                gate-key = "%s"
                production-key = "%s"
                allowed-ips = ["%s/32", "%s"]
                %s
                """.formatted(
                        client.host.name(),
                        client.gateKeys.publicKey(),
                        client.keys.publicKey(),
                        client.inner(),
                        client.network(),
                        lines);
    }

    /** The words of {@code anubis gate peer add}. */
    static String[] add(GateHost peer, String allowedIps, String... options) {
        return Stream.concat(
                        Stream.of(
                                "gate",
                                "peer",
                                "add",
                                peer.host.name(),
                                "--gate-key",
                                peer.gateKeys.publicKey(),
                                "--production-key",
                                peer.keys.publicKey(),
                                "--allowed-ips",
                                allowedIps.replace("'", "")),
                        Stream.of(options))
                .toArray(String[]::new);
    }

    /** Enters a client's peer, with more lines, in the place of what a hub knows of it. */
    static void enter(GateHost hub, GateHost client, String lines) {
        hub.run(
                "gate",
                "peer",
                "import",
                hub.write(client.host.name() + ".toml", entry(client, lines)).toString());
    }

    // The client that is not ours.

    /** Makes the gate tunnel of {@link #carol}, of wireguard-go, and lets the client in Python configure it. */
    String pythonTunnel(GateHost to) {
        Device device = Device.start(Implementation.WIREGUARD_GO, carol.host);
        python(device.name(), to, "setup", "--endpoint", to.outer() + ":4297").orThrow();
        return device.name();
    }

    /** Runs the client in Python at {@link #carol}. */
    CommandResult python(String gateInterface, GateHost to, String... words) {
        return carol.host.execute(pythonWords(gateInterface, to, words));
    }

    String[] pythonWords(String gateInterface, GateHost to, String... words) {
        List<String> all = new ArrayList<>(List.of("/usr/bin/python3", "src/test/resources/gate-client.py"));
        all.addAll(List.of(words));
        all.addAll(List.of("--json", "--interface", gateInterface, "--hub-gate-key", to.gateKeys.publicKey()));
        all.addAll(List.of("--gate-key-file", carol.file("gate.key").toString()));
        all.addAll(List.of("--production-key-file", carol.file("production.key").toString()));
        return all.toArray(String[]::new);
    }

    static void assumePython() {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/python3")), "/usr/bin/python3 is missing: install python3-nacl");
    }

    /** Does several things side by side. */
    static void atOnce(Runnable... tasks) {
        CompletableFuture.allOf(Stream.of(tasks)
                        .map(task -> CompletableFuture.runAsync(task, Thread::startVirtualThread))
                        .toArray(CompletableFuture[]::new))
                .join();
    }

    LabHost host(String name) {
        return lab.host(name);
    }

    @Override
    public void close() {
        lab.close();
    }
}
