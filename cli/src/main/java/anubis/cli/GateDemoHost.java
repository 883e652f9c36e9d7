package anubis.cli;

import anubis.config.AllowedIps;
import anubis.config.Cidr;
import anubis.config.DeviceChange;
import anubis.config.Endpoint;
import anubis.config.PeerChange;
import anubis.config.UapiPeer;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.device.Device;
import anubis.device.UapiSocket;
import anubis.gate.Control;
import anubis.gate.Entry;
import anubis.gate.GateConfig;
import anubis.gate.GateConfig.HubPart;
import anubis.gate.GateDaemon;
import anubis.gate.HubAddress;
import anubis.gate.Owner;
import anubis.gate.Registry;
import anubis.gate.SqliteRegistry;
import anubis.host.UapiClient;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** A host of {@link GateDemo}: its production interface, and its gate, both in this process. */
final class GateDemoHost implements AutoCloseable {
    private static final int PORT = 51_820;
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final LabHost host;
    private final Path state;
    private final String device;
    private final String inside;
    private final PrivateKey productionKey = PrivateKey.generate(RANDOM);
    private final PrivateKey gateKey = PrivateKey.generate(RANDOM);
    private final List<AutoCloseable> open = new ArrayList<>();
    private Optional<GateDaemon> gate = Optional.empty();
    private String outside;
    private boolean foreign;
    private boolean ending;

    /**
     * A host with nothing but its address.
     *
     * @param number the last byte of its addresses
     * @param state the folder of its registry
     */
    GateDemoHost(LabHost host, int number, Path state) {
        this.host = host;
        this.state = state;
        this.device = host.name() + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
        this.outside = "192.0.2." + number;
        this.inside = "10.9.0." + number;
        host.interfaceNamed("eth0").address(outside + "/24");
    }

    String name() {
        return host.name();
    }

    String outside() {
        return outside;
    }

    PublicKey productionKey() {
        return productionKey.publicKey(Primitives.get());
    }

    PublicKey gateKey() {
        return gateKey.publicKey(Primitives.get());
    }

    Endpoint endpoint() {
        return new Endpoint(outside, PORT);
    }

    boolean has(String program) {
        return host.execute("sh", "-c", "command -v " + program).status() == 0;
    }

    /** Whether its interface is wireguard-go's. */
    boolean isForeign() {
        return foreign;
    }

    /** Runs a task on this thread inside the host's network namespace. */
    private <T> T call(Callable<T> task) throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.of(host.namespacePath())) {
            return namespace.call(task);
        }
    }

    /** What is opened once the demo is ending is closed again at once. */
    private synchronized <T extends AutoCloseable> T remember(T closeable) throws Exception {
        if (ending) {
            closeable.close();
            throw new InterruptedException("the demo is ending");
        }
        open.addFirst(closeable);
        return closeable;
    }

    /** Makes the production interface, without peers; by wireguard-go if it is to be foreign. */
    void openDevice(boolean another) throws Exception {
        foreign = another;
        if (another) {
            host.start("wireguard-go", "-f", device);
            if (!Lab.poll(PATIENCE, new UapiClient(device)::answers)) {
                throw new IllegalStateException("wireguard-go does not make " + device);
            }
        } else {
            Device made = call(() -> remember(Device.open(device, InstantSource.system(), System.err::println)));
            remember(UapiSocket.open(made));
        }
        new UapiClient(device)
                .set(new DeviceChange(
                        Optional.of(productionKey), OptionalInt.of(PORT), OptionalLong.empty(), true, List.of()));
        host.interfaceNamed(device).address(inside + "/24").up();
        host.router();
    }

    /** Makes another hub a peer of the production interface, for good. */
    void joins(GateDemoHost other) throws IOException {
        PeerChange peer = new PeerChange(
                other.productionKey(),
                PeerChange.Mode.ADD_OR_UPDATE,
                Optional.empty(),
                Optional.of(other.endpoint()),
                OptionalInt.empty(),
                Optional.of(AllowedIps.exactly(List.of(Cidr.parse(other.inside + "/32")))));
        new UapiClient(device)
                .set(new DeviceChange(
                        Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, List.of(peer)));
    }

    void openGate(int port, Optional<HubPart> hub, List<HubAddress> hubs) throws Exception {
        GateConfig config = new GateConfig(device, gateKey.duplicate(), port, hub, hubs);
        GateDaemon opened = call(() -> remember(GateDaemon.open(config, state, this::log, _ -> {})));
        synchronized (this) {
            gate = Optional.of(opened);
        }
    }

    /** What a gate says is a part of the show only for who looks for a fault. */
    private void log(String line) {
        if ("verbose".equals(System.getenv("LOG_LEVEL"))) {
            DeviceCommand.log(name(), line);
        }
    }

    /** Ends the gate as SIGTERM does. */
    synchronized void closeGate() {
        gate.ifPresent(opened -> {
            open.remove(opened);
            opened.close();
        });
        gate = Optional.empty();
    }

    /** What a verb asks of the gate. */
    Control.Answer ask(String verb, Map<String, String> values) throws IOException {
        return Control.ask(Optional.of(device), new Control.Question(verb, values));
    }

    /** What a verb does to the registry. */
    void registry(Consumer<Owner> change) {
        try (Registry registry = SqliteRegistry.open(state)) {
            change.accept(new Owner(registry, InstantSource.system()));
        }
    }

    /** As a hub has it in its registry. */
    Entry entry(Optional<Instant> expiry) {
        return entry(List.of(Cidr.parse(inside + "/32")), expiry, false);
    }

    Entry hubEntry() {
        return entry(List.of(), Optional.empty(), true);
    }

    private Entry entry(List<Cidr> allowedIps, Optional<Instant> expiry, boolean hub) {
        return new Entry(
                name(),
                gateKey(),
                productionKey(),
                allowedIps,
                Optional.empty(),
                Optional.empty(),
                expiry,
                true,
                false,
                Optional.empty(),
                hub,
                "");
    }

    /** The peers of the production interface. */
    List<UapiPeer> peers() {
        try {
            return new UapiClient(device).get().peers();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether one ping through the tunnel is answered within a second. */
    boolean pings(GateDemoHost other) {
        return host.execute("ping", "-n", "-q", "-c", "1", "-W", "1", other.inside)
                        .status()
                == 0;
    }

    void moveTo(String address) {
        host.interfaceNamed("eth0").removeAddress(outside + "/24").address(address + "/24");
        outside = address;
    }

    @Override
    public void close() {
        List<AutoCloseable> all;
        synchronized (this) {
            ending = true;
            all = List.copyOf(open);
            open.clear();
        }
        for (AutoCloseable closeable : all) {
            try {
                closeable.close();
            } catch (Exception e) {
                System.err.println("anubis: could not clean up: " + e.getMessage());
            }
        }
        productionKey.destroy();
        gateKey.destroy();
    }
}
