package anubis.bench;

import anubis.host.UapiClient;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import anubis.lab.LabLink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The network of {@link Soak}: a server and two clients, east and west, on one switch, each with a device; and what counts
 * packets at every point of the way between east and the server. One thread uses it.
 */
final class SoakLab implements AutoCloseable {
    static final String SERVER = "10.9.0.1";
    static final String EAST = "10.9.0.2";

    private static final String SERVER_OUTSIDE = "10.1.0.1";
    private static final String SWITCH_OUTSIDE = "10.1.0.254";
    private static final int PORT = 51_820;
    private static final int MTU = 1_420;
    /** Still larger than a numbered packet. */
    private static final int SMALLER_MTU = 1_360;

    private static final int ADDED = 200;
    /** So many of those added have an endpoint where nobody answers, and are to be kept alive: they shake hands in vain. */
    private static final int CALLING = 10;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern NFT_COUNTER = Pattern.compile("counter (\\w+) \\{\\s*packets ([0-9]+)");

    private final Lab lab = Lab.open();
    private final Random random = new Random(2);
    private final Path serverConfiguration = Files.createTempFile("anubis-soak", ".conf");
    private final Path addition = Files.createTempFile("anubis-soak", ".conf");
    private final LabHost network = lab.host("switch");
    private final Site server;
    private final Site east;
    private final Site west;
    private List<String> added = List.of();
    private int changes;
    private boolean smaller;

    /** A host with a device. */
    static final class Site {
        private final LabHost host;
        private final LabLink cable;
        private final LabInterface tunnel;
        private final long pid;
        private final Path said;
        private final String publicKey;
        private final String privateKey;
        private final String subnet;
        private String outside;
        private int moves;

        private Site(Lab lab, LabHost network, Contender contender, String name, String subnet, String outside)
                throws IOException {
            this.host = lab.host(name);
            this.subnet = subnet;
            this.outside = outside;
            // When the first address goes, the others are to stay.
            host.sysctl("net.ipv4.conf.all.promote_secondaries", "1");
            cable = lab.link(host, network);
            cable.left().address(outside + "/16");
            String suffix = Long.toString(ProcessHandle.current().pid(), 36);
            said = Files.createTempFile("anubis-soak", ".log");
            tunnel = TunnelLeg.start(contender, host, "s" + name.charAt(0) + suffix, said);
            pid = tunnel.holder().pid();
            List<String> keys = host.run("sh", "-c", "k=$(wg genkey); echo $k; echo $k | wg pubkey")
                    .lines()
                    .toList();
            privateKey = keys.get(0);
            publicKey = keys.get(1);
        }

        String name() {
            return host.name();
        }

        LabHost host() {
            return host;
        }

        LabInterface tunnel() {
            return tunnel;
        }

        long pid() {
            return pid;
        }

        String outside() {
            return outside;
        }

        /** What its device has printed. */
        String said() throws IOException {
            return Files.readString(said);
        }

        private void configure(Path configuration, String address) {
            host.run("wg", "setconf", tunnel.name(), configuration.toString());
            tunnel.mtu(MTU).address(address + "/24").up();
        }

        /** Segmentation is done here, not at the other end, so that what comes by can be counted. */
        private void segmentEarly() {
            host.run("ip", "link", "set", "dev", cable.left().name(), "gso_max_segs", "1");
        }
    }

    SoakLab(Contender contender) throws IOException {
        server = new Site(lab, network, contender, "server", "10.1.0.0/24", SERVER_OUTSIDE);
        east = new Site(lab, network, contender, "east", "10.1.1.0/24", "10.1.1.1");
        west = new Site(lab, network, contender, "west", "10.1.2.0/24", "10.1.2.1");
        network.bridge(server.cable.right(), east.cable.right(), west.cable.right())
                .address(SWITCH_OUTSIDE + "/16");
        server.segmentEarly();
        east.segmentEarly();
        Files.writeString(
                serverConfiguration, """
                [Interface]
                PrivateKey = %s
                ListenPort = %d
                [Peer]
                PublicKey = %s
                AllowedIPs = %s/32
                [Peer]
                PublicKey = %s
                AllowedIPs = 10.9.0.3/32
                """.formatted(server.privateKey, PORT, east.publicKey, EAST, west.publicKey));
        server.configure(serverConfiguration, SERVER);
        client(east, EAST);
        client(west, "10.9.0.3");
        count();
        for (Site site : List.of(east, west)) {
            if (!Lab.poll(PATIENCE, () -> site.host().reaches(SERVER))) {
                throw new IllegalStateException("no ping through the tunnel from " + site.name());
            }
        }
    }

    private void client(Site site, String address) throws IOException {
        Path file = Files.createTempFile("anubis-soak", ".conf");
        try {
            Files.writeString(file, """
                    [Interface]
                    PrivateKey = %s
                    [Peer]
                    PublicKey = %s
                    AllowedIPs = %s/32
                    Endpoint = %s:%d
                    """.formatted(site.privateKey, server.publicKey, SERVER, SERVER_OUTSIDE, PORT));
            site.configure(file, address);
        } finally {
            Files.delete(file);
        }
    }

    /** Counts transport data that is no keepalive: type 4, longer than 32 bytes behind the 8 of the UDP header. */
    private void count() {
        String up = "ip saddr " + east.subnet + " udp dport " + PORT + " udp length > 40 @th,64,8 4 counter name ";
        String down = "ip daddr " + east.subnet + " udp sport " + PORT + " udp length > 40 @th,64,8 4 counter name ";
        String wire = "chain %s { type filter hook ingress device \"%s\" priority 0; %s; };";
        network.run(
                "nft",
                "table netdev soak { counter up_on_wire { }; counter down_on_wire { };"
                        + wire.formatted("e", east.cable.right().name(), up + "up_on_wire")
                        + wire.formatted("s", server.cable.right().name(), down + "down_on_wire") + " }");
        for (Site site : List.of(server, east)) {
            String way = site == server ? "up" : "down";
            String what = site == server ? up : down;
            site.host()
                    .run(
                            "nft",
                            "table netdev soak { counter " + way + "_arrived { };"
                                    + wire.formatted("c", site.cable.left().name(), what + way + "_arrived") + " }");
            site.host()
                    .run(
                            "nft",
                            "table inet soak { counter " + way
                                    + "_accepted { }; chain c { type filter hook input priority 0; " + what + way
                                    + "_accepted; }; }");
        }
    }

    Site server() {
        return server;
    }

    Site east() {
        return east;
    }

    Site west() {
        return west;
    }

    List<Site> sites() {
        return List.of(server, east, west);
    }

    // What happens to it.

    /** Gives a client another address. */
    void moveAddress(Site site) {
        String fresh = site.subnet.replace("0/24", "") + (2 + site.moves++ % 250);
        site.cable.left().address(fresh + "/16").removeAddress(site.outside + "/16");
        site.outside = fresh;
    }

    /** Gives a client another port. */
    void movePort(Site site) {
        int port = 20_000 + site.moves++ % 20_000;
        site.host().run("wg", "set", site.tunnel().name(), "listen-port", Integer.toString(port));
    }

    /** Adds peers to the server's device, or removes those added before. */
    void changePeers() throws IOException {
        String tunnel = server.tunnel().name();
        switch (changes++ % 4) {
            case 0, 2 -> {
                added = Stream.generate(this::key).limit(ADDED).toList();
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < added.size(); i++) {
                    text.append("[Peer]\nPublicKey = " + added.get(i) + "\nAllowedIPs = 10.20." + i + ".0/24, fd00:" + i
                            + "::/64\n");
                    if (i < CALLING) {
                        text.append("Endpoint = " + SWITCH_OUTSIDE + ":9\nPersistentKeepalive = 1\n");
                    }
                }
                Files.writeString(addition, text);
                server.host().run("wg", "addconf", tunnel, addition.toString());
            }
            case 1 -> server.host().run("wg", "syncconf", tunnel, serverConfiguration.toString());
            default -> {
                List<String> command = new ArrayList<>(List.of("wg", "set", tunnel));
                added.forEach(key -> command.addAll(List.of("peer", key, "remove")));
                server.host().run(command.toArray(String[]::new));
            }
        }
    }

    /** How many peers have been added, and removed or soon to be. */
    int peersAdded() {
        return (changes + 1) / 2 * ADDED;
    }

    private String key() {
        byte[] key = new byte[32];
        random.nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** Changes the MTU of a tunnel to and fro. */
    void changeMtu(Site site) {
        smaller = !smaller;
        site.tunnel().mtu(smaller ? SMALLER_MTU : MTU);
    }

    // What is counted.

    /** When a client's last handshake was, in seconds since 1970; 0 for never. */
    static long lastHandshake(Site site) throws IOException {
        long[] seconds = {0};
        new UapiClient(site.tunnel().name()).request("get=1\n\n", line -> {
            if (line.startsWith("last_handshake_time_sec=")) {
                seconds[0] = Long.parseLong(line.substring(line.indexOf('=') + 1));
            }
        });
        return seconds[0];
    }

    /** All counters of the network, the kernel's and the devices', by names such as {@code east udp NoPorts}. */
    Map<String, Long> counters() throws IOException {
        Map<String, Long> counters = new TreeMap<>();
        nft(network, counters);
        interfaces(network, "switch", counters);
        for (Site site : sites()) {
            nft(site.host(), counters);
            interfaces(site.host(), site.name(), counters);
            snmp(site, counters);
            drops(site, counters);
        }
        return counters;
    }

    private static void nft(LabHost host, Map<String, Long> counters) {
        Matcher counter = NFT_COUNTER.matcher(host.run("nft", "list", "counters"));
        while (counter.find()) {
            counters.put(counter.group(1), Long.parseLong(counter.group(2)));
        }
    }

    private void interfaces(LabHost host, String name, Map<String, Long> counters) {
        host.run("cat", "/proc/net/dev").lines().skip(2).forEach(line -> {
            String[] fields = line.strip().split("[: ]+", -1);
            boolean tunnel =
                    sites().stream().anyMatch(site -> site.tunnel().name().equals(fields[0]));
            String prefix = name + " " + (tunnel ? "tunnel" : fields[0]) + " ";
            counters.put(prefix + "rx bytes", Long.parseLong(fields[1]));
            counters.put(prefix + "rx dropped", Long.parseLong(fields[3]) + Long.parseLong(fields[4]));
            counters.put(prefix + "tx bytes", Long.parseLong(fields[9]));
            counters.put(prefix + "tx dropped", Long.parseLong(fields[11]) + Long.parseLong(fields[12]));
        });
    }

    private static void snmp(Site site, Map<String, Long> counters) {
        List<String> lines = site.host().run("cat", "/proc/net/snmp").lines().toList();
        for (int i = 0; i + 1 < lines.size(); i += 2) {
            String[] names = lines.get(i).split(" ", -1);
            String[] values = lines.get(i + 1).split(" ", -1);
            for (int j = 1; j < names.length; j++) {
                if ((names[0].equals("Udp:") && names[j].matches("NoPorts|InErrors|SndbufErrors"))
                        || (names[0].equals("Ip:") && names[j].matches("InAddrErrors|.*Discards|OutNoRoutes"))) {
                    counters.put(
                            site.name() + " " + names[0].replace(":", "") + " " + names[j], Long.parseLong(values[j]));
                }
            }
        }
    }

    /** The device's drop counters: all together, and on the server those of the peer east. */
    private void drops(Site site, Map<String, Long> counters) throws IOException {
        String[] peer = {"device"};
        String eastKey = HexFormat.of().formatHex(Base64.getDecoder().decode(east.publicKey));
        new UapiClient(site.tunnel().name()).request("drops=1\n\n", line -> {
            String[] parts = line.split("=", 2);
            if (parts[0].equals("public_key")) {
                peer[0] = parts[1].equals(eastKey) ? "peer east" : "";
            } else if (!peer[0].isEmpty()) {
                counters.put(
                        site.name() + " " + peer[0] + " " + parts[0].replace("dropped_", ""), Long.parseLong(parts[1]));
            }
        });
    }

    @Override
    public void close() throws IOException {
        lab.close();
        Files.delete(serverConfiguration);
        Files.delete(addition);
        for (Site site : sites()) {
            Files.delete(site.said);
        }
    }
}
