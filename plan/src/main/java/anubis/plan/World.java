package anubis.plan;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/**
 * All machines of one situation, those of the network and those of the wild side: the internet's router, others' NAT, a
 * stranger. What the prover follows packets through, and what a lab builds.
 *
 * @param situation its name
 * @param machines in the order of the description, those of the wild side last
 * @param names what the names of endpoints mean
 */
public record World(String situation, List<Machine> machines, Map<String, List<InetAddress>> names) {
    public World {
        machines = List.copyOf(machines);
        names = Map.copyOf(names);
    }

    /** The machine of that name. */
    public Machine machine(String name) {
        return machines.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no machine " + name));
    }
}
