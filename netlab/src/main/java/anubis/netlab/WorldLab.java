package anubis.netlab;

import anubis.device.Device;
import anubis.linux.NetworkNamespace;
import anubis.plan.Machine;
import anubis.plan.Machine.Kind;
import anubis.plan.Machine.Link;
import anubis.plan.World;
import anubis.protocol.WireGuard;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A world for real: each machine a network namespace of this process, each segment a bridge, each WireGuard interface a device
 * of ours. The namespaces have no names, so that nothing is left whatever becomes of the process. Needs CAP_SYS_ADMIN,
 * CAP_NET_ADMIN and CAP_NET_RAW. To be used by one thread.
 */
public final class WorldLab implements AutoCloseable {
    private static final int BUILDERS = 4;
    private static final long MILLI = 1_000_000L;
    private static final long SETTLED_AFTER = 120 * MILLI;
    private static final long UP_MAX = 10_000 * MILLI;
    private static final long SETTLE_MAX = 2_000 * MILLI;

    private final World world;
    private final Peers peers;
    private final Map<String, Station> stations = new LinkedHashMap<>();
    private final ExecutorService builders = Executors.newFixedThreadPool(BUILDERS);
    private final NetworkNamespace wires;
    private final Pings pings;

    private WorldLab(World world) throws Exception {
        this.world = world;
        this.peers = new Peers(world.names());
        this.wires = NetworkNamespace.create();
        try {
            for (Machine machine : world.machines()) {
                stations.put(machine.name(), new Station(machine, peers));
            }
            each(Station::prepare);
            layWires();
            each(Station::build);
            awaitUp();
            pings = Pings.open(stations);
            begin();
        } catch (Exception | Error e) {
            end();
            throw e;
        }
    }

    /**
     * Builds a world, and waits until its tunnels have come up by themselves as far as they do.
     *
     * @throws IOException if a command fails; the text has it
     */
    public static WorldLab build(World world) throws Exception {
        return new WorldLab(world);
    }

    public World world() {
        return world;
    }

    private void layWires() throws IOException, InterruptedException {
        StringBuilder batch = new StringBuilder();
        Map<String, String> bridges = new LinkedHashMap<>();
        Set<String> segments = new LinkedHashSet<>();
        int ports = 0;
        for (Station station : stations.values()) {
            for (Link link : station.machine().links()) {
                if (link.kind() instanceof Kind.Ethernet ethernet) {
                    String bridge = bridges.computeIfAbsent(ethernet.segment(), _ -> "b" + bridges.size());
                    if (segments.add(bridge)) {
                        batch.append(
                                "link add %s type bridge mcast_snooping 0\nlink set %s up\n".formatted(bridge, bridge));
                    }
                    String port = "p" + ports++;
                    batch.append("link add %s mtu %d type veth peer name %s mtu %d netns %s\n"
                            .formatted(
                                    port,
                                    link.mtu(),
                                    link.name(),
                                    link.mtu(),
                                    station.namespace().path()));
                    batch.append("link set %s master %s up\n".formatted(port, bridge));
                }
            }
        }
        Shell.run(
                wires,
                "the segments",
                "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6\nip -batch - <<'END'\n" + batch + "END\n");
    }

    /** Something that is done for every station. */
    private interface Task {
        void of(Station station) throws Exception;
    }

    private void each(Task task) throws Exception {
        List<Future<?>> all = new ArrayList<>();
        for (Station station : stations.values()) {
            all.add(builders.submit((Callable<Void>) () -> {
                task.of(station);
                return null;
            }));
        }
        for (Future<?> each : all) {
            try {
                each.get();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception cause ? cause : e;
            }
        }
    }

    /** Makes all tunnels as they are in the beginning: nobody has heard of anybody. */
    public void begin() throws Exception {
        // Nobody is to speak before all can hear: an initiation that is lost is repeated after five seconds only.
        each(station -> station.tell(peers::silent));
        for (Station station : stations.values()) {
            station.tell(peers::keepalives);
        }
        settle();
    }

    /** A device hears from the kernel that its interface is up, and only then that somebody speaks to it. */
    private void awaitUp() throws InterruptedException {
        long start = System.nanoTime();
        while (!devices().allMatch(WireGuard::isUp)) {
            if (System.nanoTime() - start > UP_MAX) {
                throw new IllegalStateException("a device does not come up");
            }
            Thread.sleep(5);
        }
    }

    private Stream<WireGuard> devices() {
        return stations.values().stream()
                .flatMap(station -> station.devices().stream())
                .map(Device::wireGuard);
    }

    private void settle() throws InterruptedException {
        long start = System.nanoTime();
        long changed = start;
        long before = -1;
        while (System.nanoTime() - changed < SETTLED_AFTER && System.nanoTime() - start < SETTLE_MAX) {
            long handshakes = devices().mapToLong(WireGuard::handshakes).sum();
            if (handshakes != before) {
                before = handshakes;
                changed = System.nanoTime();
            }
            Thread.sleep(10);
        }
    }

    /**
     * Sends pings, all at once, and again those that are not answered: three times where an answer is expected, else twice.
     *
     * @return what has become of each
     */
    public Map<Probe, Observed> ping(List<Probe> probes, Predicate<Probe> expected) {
        return pings.send(probes, expected);
    }

    private void end() {
        List<Future<?>> all = new ArrayList<>();
        stations.values().forEach(station -> all.add(builders.submit(station::close)));
        builders.close(); // waits for them
        wires.close();
        peers.destroy();
        all.forEach(Future::resultNow); // what has failed is told
    }

    /** Removes all of it. */
    @Override
    public void close() {
        pings.close();
        end();
    }
}
