package anubis.netlab;

import anubis.config.DeviceChange;
import anubis.device.Device;
import anubis.device.UapiSocket;
import anubis.host.UapiClient;
import anubis.linux.Family;
import anubis.linux.NetworkNamespace;
import anubis.linux.PacketTap;
import anubis.linux.PingSocket;
import anubis.linux.Processes;
import anubis.plan.Machine;
import anubis.plan.Machine.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A machine of the world: its namespace, its WireGuard devices, and what pings and looks there. */
final class Station implements AutoCloseable {
    private static final Path PARAMETERS = Path.of("/proc/sys/net");
    private static final AtomicInteger DEVICES = new AtomicInteger();

    private final Machine machine;
    private final Peers peers;
    private final NetworkNamespace namespace;
    private final List<Runnable> closing = new ArrayList<>();
    private final Map<String, UapiClient> clients = new HashMap<>();
    private final List<Device> devices = new ArrayList<>();
    private final Map<Integer, String> links = new HashMap<>();

    Station(Machine machine, Peers peers) throws IOException {
        this.machine = machine;
        this.peers = peers;
        this.namespace = NetworkNamespace.create();
    }

    Machine machine() {
        return machine;
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    /** Sets the kernel parameters, which interfaces take over when they are made. */
    void prepare() throws Exception {
        namespace.call(() -> {
            for (Map.Entry<String, String> parameter :
                    Commands.parameters(machine).entrySet()) {
                Files.writeString(PARAMETERS.resolve(parameter.getKey()), parameter.getValue());
            }
            return machine;
        });
    }

    /** Makes all of it but the peers; the cables are there. */
    void build() throws Exception {
        Map<String, String> names = namespace.call(() -> {
            Map<String, String> made = new LinkedHashMap<>();
            for (Machine.Link link : machine.links()) {
                if (link.kind() instanceof Kind.WireGuard) {
                    made.put(link.name(), openDevice(link.name()));
                }
            }
            return made;
        });
        tell(peers::none);
        run(Commands.script(machine, names));
        namespace.call(() -> {
            for (Machine.Link link : machine.links()) {
                links.put(Processes.interfaceIndex(link.name()), link.name());
            }
            return links;
        });
    }

    private String openDevice(String name) throws IOException {
        // Its socket has to have a name that nobody else has on this machine; the interface is renamed.
        String unique = "l" + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX) + "-"
                + Integer.toString(DEVICES.incrementAndGet(), Character.MAX_RADIX);
        Device device = Device.open(unique, InstantSource.system(), _ -> {});
        whenClosed(device::close);
        devices.add(device);
        UapiSocket socket = UapiSocket.open(device);
        whenClosed(socket::close);
        clients.put(name, new UapiClient(unique));
        return unique;
    }

    /** Changes its devices, where there is something to change. */
    void tell(Function<Machine.Device, DeviceChange> change) throws IOException {
        for (Machine.Link link : machine.links()) {
            UapiClient client = clients.get(link.name());
            if (link.kind() instanceof Kind.WireGuard wireGuard && client != null) {
                DeviceChange wanted = change.apply(wireGuard.device());
                if (!wanted.isEmpty()) {
                    client.set(wanted);
                }
            }
        }
    }

    List<Device> devices() {
        return devices;
    }

    PacketTap tap() throws Exception {
        PacketTap tap = namespace.call(PacketTap::open);
        whenClosed(tap::close);
        return tap;
    }

    PingSocket pings(Family family) throws Exception {
        PingSocket socket = namespace.call(() -> PingSocket.open(family));
        whenClosed(socket::close);
        return socket;
    }

    /** The interface of an index, if it is one of the machine's. */
    String link(int index) {
        return links.getOrDefault(index, "");
    }

    private synchronized void whenClosed(Runnable close) {
        closing.addFirst(close);
    }

    void run(String script) throws IOException, InterruptedException {
        Shell.run(namespace, machine.name(), script);
    }

    @Override
    public synchronized void close() {
        closing.forEach(Runnable::run);
        closing.clear();
        namespace.close();
    }
}
