package anubis.netlab;

import anubis.config.DeviceChange;
import anubis.device.Device;
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
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A machine of the world: its namespace, its WireGuard devices, and what pings and looks there. */
final class Station implements AutoCloseable {
    private static final Path PARAMETERS = Path.of("/proc/sys/net");

    private final Machine machine;
    private final Peers peers;
    private final NetworkNamespace namespace;
    private final List<Runnable> closing = new ArrayList<>();
    private final Map<Machine.Device, Device> devices = new LinkedHashMap<>();
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
        namespace.call(() -> {
            for (Machine.Link link : machine.links()) {
                if (link.kind() instanceof Kind.WireGuard wireGuard) {
                    Device device = Device.open(link.name(), InstantSource.system(), _ -> {});
                    whenClosed(device::close);
                    devices.put(wireGuard.device(), device);
                }
            }
            return machine;
        });
        tell(peers::none);
        run(Commands.script(machine));
        namespace.call(() -> {
            for (Machine.Link link : machine.links()) {
                links.put(Processes.interfaceIndex(link.name()), link.name());
            }
            return links;
        });
    }

    /** Changes its devices, where there is something to change. */
    void tell(Function<Machine.Device, DeviceChange> change) {
        devices.forEach((described, device) -> {
            DeviceChange wanted = change.apply(described);
            if (!wanted.isEmpty()) {
                String answer = device.uapi(wanted.request());
                if (!answer.startsWith("errno=0\n")) {
                    throw new IllegalStateException(machine.name() + " refuses its configuration: " + answer.strip());
                }
            }
        });
    }

    Collection<Device> devices() {
        return devices.values();
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
