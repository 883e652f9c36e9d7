package anubis.cli;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.UapiPeer;
import anubis.crypto.PublicKey;
import anubis.gate.Control;
import anubis.gate.GateConfig.HubPart;
import anubis.gate.HubAddress;
import anubis.gate.Owner;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Two hubs, three clients and their gates: what {@code anubis demo gate} shows. Confined to one thread, but for {@link #close}. */
final class GateDemo implements AutoCloseable {
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Duration AUTHORISED = Duration.ofSeconds(4);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration SILENCE = Duration.ofSeconds(3);
    private static final int GATE_PORT = 4297;
    private static final String NETWORK = "10.9.0.0/24";

    private final PrintStream out = System.out;
    private final Path folder;
    private final LabHost net;
    private final List<LabInterface> ports = new ArrayList<>();
    private final List<GateDemoHost> hosts = new ArrayList<>();
    private final GateDemoHost jacinth;
    private final GateDemoHost cloud;
    private final GateDemoHost anna;
    private final GateDemoHost bert;
    private final GateDemoHost cleo;
    private final Thread atExit = new Thread(this::closeAll);
    private boolean ending;

    GateDemo(Lab lab) throws IOException {
        folder = Files.createTempDirectory("anubis-demo");
        Runtime.getRuntime().addShutdownHook(atExit);
        net = lab.host("net");
        jacinth = host(lab, "jacinth", 1);
        cloud = host(lab, "cloud", 2);
        anna = host(lab, "anna", 11);
        bert = host(lab, "bert", 12);
        cleo = host(lab, "cleo", 13);
        net.bridge(ports.toArray(LabInterface[]::new));
    }

    private GateDemoHost host(Lab lab, String name, int number) throws IOException {
        LabHost host = lab.host(name);
        LabInterface outside = lab.link(host, net).right();
        ports.add(outside);
        GateDemoHost made = new GateDemoHost(host, number, Files.createDirectory(folder.resolve(name)));
        hosts.add(made);
        return made;
    }

    /** Shows it all. Whatever fails because the demo is ending is not told. */
    void show() throws Exception {
        try {
            begin();
            up();
            roam();
            goodbye();
            renew();
            change();
            maintenance();
            expire();
            disable();
            out.println();
            out.println("All of it is removed again.");
        } catch (Exception e) {
            if (!isEnding()) {
                throw e;
            }
        }
    }

    private synchronized boolean isEnding() {
        return ending;
    }

    // The steps.

    private void begin() throws Exception {
        step("Two hubs, jacinth and cloud, and three clients, anna, bert and cleo, each with a WireGuard interface.");
        for (GateDemoHost host : hosts) {
            host.openDevice(host == cleo && cleo.has("wireguard-go"));
        }
        jacinth.joins(cloud);
        cloud.joins(jacinth);
        for (GateDemoHost hub : List.of(jacinth, cloud)) {
            for (GateDemoHost client : List.of(anna, bert, cleo)) {
                edit(hub, owner -> owner.add(client.entry(Optional.empty())));
            }
        }
        edit(jacinth, owner -> owner.add(cloud.hubEntry()));
        edit(cloud, owner -> owner.add(jacinth.hubEntry()));
        HubAddress first = address(jacinth);
        HubAddress second = address(cloud);
        jacinth.openGate(GATE_PORT, Optional.of(part(jacinth)), List.of(second));
        cloud.openGate(GATE_PORT, Optional.of(part(cloud)), List.of(first));
        for (GateDemoHost client : List.of(anna, bert, cleo)) {
            client.openGate(0, Optional.empty(), List.of(first, second));
        }
        must(!anna.pings(jacinth), "a ping from anna to jacinth is not answered before anna has asked");
        seen("each client is in the registries of both hubs, none is up: jacinth's interface has "
                + clients(jacinth) + " clients, anna's ping is not answered"
                + (cleo.isForeign() ? "; cleo's interface is wireguard-go's" : ""));
    }

    private void up() throws Exception {
        does(anna, "gate up");
        long asked = System.nanoTime();
        Control.Answer answer = agreed(anna.ask("up", Map.of()));
        double answered = (System.nanoTime() - asked) / 1e6;
        must(Lab.poll(PATIENCE, () -> anna.pings(jacinth)), "anna reaches jacinth");
        double passed = (System.nanoTime() - asked) / 1e6;
        seen(String.format(
                Locale.ROOT,
                "%s, a lease of %s s; the answer took %.0f ms, and the first ping was answered %.0f ms after the question",
                answer.values().get("sentence"),
                answer.values().get("lease"),
                answered,
                passed));
        does(bert, "gate up; the same on cleo");
        agreed(bert.ask("up", Map.of()));
        agreed(cleo.ask("up", Map.of()));
        must(Lab.poll(PATIENCE, () -> anna.pings(bert)) && cleo.pings(anna), "the clients reach each other");
        seen("jacinth's interface has " + clients(jacinth)
                + " clients; anna pings bert and cleo pings anna, through jacinth");
    }

    private void renew() throws Exception {
        does(anna, "gate renew --lease 30m");
        long before = lease(anna.ask("status", Map.of()));
        long after = lease(anna.ask("renew", Map.of("lease", "1800")));
        must(after >= before && after <= LEASE.toSeconds(), "the new lease is the longest of the hub's");
        seen("it had " + before + " s left, and has " + after
                + " s now, as this hub grants no more; the daemon renews it" + " by itself when half of it is over");
    }

    private static long lease(Control.Answer answer) {
        return Long.parseLong(agreed(answer).values().getOrDefault("lease", "0"));
    }

    private void roam() throws Exception {
        step("anna moves to another address: from " + anna.outside() + " to 192.0.2.99.");
        String before = endpoint(jacinth, anna);
        anna.moveTo("192.0.2.99");
        must(Lab.poll(PATIENCE, () -> anna.pings(jacinth)), "anna reaches jacinth from the new address");
        must(Lab.poll(PATIENCE, () -> endpoint(jacinth, anna).startsWith("192.0.2.99")), "jacinth follows anna");
        agreed(anna.ask("status", Map.of()));
        seen("jacinth had anna at " + before + ", and has her at " + endpoint(jacinth, anna)
                + "; pings and the gate's answers follow");
    }

    private void goodbye() throws Exception {
        step("bert is shut down (SIGTERM to anubis gate run).");
        long told = System.nanoTime();
        bert.closeGate();
        must(Lab.poll(PATIENCE, () -> !has(jacinth, bert)), "jacinth takes bert down");
        long passed = Duration.ofNanos(System.nanoTime() - told).toMillis();
        must(!anna.pings(bert), "bert is not reached any more");
        seen("its goodbye reached jacinth, which has taken it down " + passed
                + " ms after; anna's ping to bert is not answered");
    }

    private void change() throws Exception {
        does(anna, "gate use cloud");
        agreed(anna.ask("use", Map.of("hub", "cloud")));
        must(Lab.poll(PATIENCE, () -> anna.pings(cloud)), "anna reaches cloud");
        must(Lab.poll(PATIENCE, () -> cleo.pings(anna)), "cleo reaches anna by jacinth and cloud");
        must(has(cloud, anna) && !has(jacinth, anna), "anna is a peer of cloud alone");
        seen("anna's peer is cloud; jacinth sends to her by cloud, so cleo, still at jacinth, pings anna as before");
    }

    private void maintenance() throws Exception {
        step("cloud is stopped for maintenance (SIGTERM to its anubis gate run).");
        cloud.closeGate();
        must(Lab.poll(PATIENCE, () -> anna.peers().isEmpty()), "anna hears cloud's goodbye");
        seen("anna heard its goodbye at once, and has no peer any more to which she could send in vain");
        does(anna, "gate up jacinth");
        agreed(anna.ask("up", Map.of("hub", "jacinth")));
        must(Lab.poll(PATIENCE, () -> anna.pings(cleo)), "anna reaches cleo by jacinth again");
        seen("she is at jacinth again, as at first, and pings cleo");
    }

    private void expire() throws Exception {
        step("cleo's authorisation is changed to end in " + AUTHORISED.toSeconds()
                + " seconds (anubis gate peer import, on jacinth).");
        Instant end = Instant.now().plus(AUTHORISED);
        edit(jacinth, owner -> owner.enter(List.of(cleo.entry(Optional.of(end)))));
        must(cleo.pings(jacinth), "cleo is up until then");
        must(Lab.poll(PATIENCE, () -> !has(jacinth, cleo)), "jacinth takes cleo down");
        must(Lab.poll(PATIENCE, () -> cleo.peers().isEmpty()), "cleo hears jacinth's goodbye");
        Control.Answer answer = cleo.ask("up", Map.of());
        must(!answer.agreed(), "cleo is not up again");
        seen("her pings were answered until then; now she is down, and gate up says: "
                + answer.values().get("sentence"));
    }

    private void disable() throws Exception {
        step("anna's laptop is stolen: anubis gate peer disable anna, on jacinth.");
        edit(jacinth, owner -> owner.enable("anna", false));
        must(Lab.poll(PATIENCE, () -> !has(jacinth, anna)), "jacinth takes anna down");
        CompletableFuture<Control.Answer> asked = CompletableFuture.supplyAsync(() -> {
            try {
                return anna.ask("up", Map.of("hub", "jacinth"));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        boolean silent = false;
        try {
            asked.get(SILENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            silent = true;
        }
        must(silent && !anna.pings(jacinth), "nothing of anna's is answered");
        seen("she was down at once; her pings and what she asks of the gate get no answer at all ("
                + SILENCE.toSeconds() + " s waited)");
    }

    // What the steps are made of.

    private void step(String text) {
        out.println();
        out.println(text);
        out.flush();
    }

    private void does(GateDemoHost host, String command) {
        step("On " + host.name() + ": anubis " + command);
    }

    private void seen(String text) {
        out.println("  " + text + ".");
        out.flush();
    }

    private static void must(boolean seen, String what) {
        if (!seen) {
            throw new IllegalStateException("the demo does not show what it must: " + what);
        }
    }

    private static Control.Answer agreed(Control.Answer answer) {
        must(answer.agreed(), "the hub agrees; it says: " + answer.values().get("sentence"));
        return answer;
    }

    private static void edit(GateDemoHost hub, Consumer<Owner> change) {
        hub.registry(change);
    }

    private static HubAddress address(GateDemoHost hub) {
        return new HubAddress(hub.name(), hub.gateKey(), new Endpoint(hub.outside(), GATE_PORT), Optional.empty());
    }

    private static HubPart part(GateDemoHost hub) {
        return new HubPart(
                hub.name(),
                List.of(hub.endpoint()),
                List.of(Cidr.parse(NETWORK)),
                LEASE,
                Integer.MAX_VALUE,
                Optional.empty(),
                Optional.empty());
    }

    private long clients(GateDemoHost hub) throws IOException {
        List<PublicKey> keys =
                Stream.of(anna, bert, cleo).map(GateDemoHost::productionKey).toList();
        return hub.peers().stream()
                .filter(peer -> keys.contains(peer.publicKey()))
                .count();
    }

    private static boolean has(GateDemoHost hub, GateDemoHost client) {
        return peer(hub, client).isPresent();
    }

    private static String endpoint(GateDemoHost hub, GateDemoHost client) {
        return peer(hub, client)
                .flatMap(UapiPeer::endpoint)
                .map(Endpoint::toString)
                .orElse("nowhere");
    }

    private static Optional<UapiPeer> peer(GateDemoHost hub, GateDemoHost client) {
        return hub.peers().stream()
                .filter(peer -> peer.publicKey().equals(client.productionKey()))
                .findFirst();
    }

    private void closeAll() {
        synchronized (this) {
            ending = true;
        }
        hosts.reversed().forEach(GateDemoHost::close);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            System.err.println("anubis: could not clean up: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        closeAll();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // It is running already: this is the end of the process.
        }
    }
}
