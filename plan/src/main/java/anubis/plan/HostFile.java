package anubis.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A file of one host. There is no key in it that is not public.
 *
 * @param name by which it is known
 * @param place where it has to be on the host; nothing if it is for other uses
 */
public record HostFile(String name, Optional<String> place, String text) {
    /** The name of the firewall's, which {@code nft -f} takes. */
    public static final String FIREWALL = SystemText.NFT_FILE;

    /** The name of the gate's, of hosts that have one. */
    public static final String GATE = "gate.toml";

    static final String GATE_PEERS = "gate-peers.toml";

    /** Is in the first line of each. */
    public static final String MADE_BY = "made by 'anubis plan'";

    private static final String UNITS = "/etc/systemd/system/";

    /** The files of a host that has {@code plan}, but for its gate's. */
    static List<HostFile> of(Network network, HostPlan plan) {
        Host host = network.host(plan.host());
        String head = head(network, host);
        String tunnel = plan.link() + ".conf";
        if (host.role() == Role.PHONE) {
            return List.of(new HostFile(tunnel, Optional.empty(), QuickText.phone(head, plan)));
        }
        List<HostFile> files = new ArrayList<>();
        files.add(new HostFile(tunnel, Optional.of("/etc/wireguard/" + tunnel), QuickText.quick(head, plan)));
        files.add(new HostFile(plan.link() + ".setconf", Optional.empty(), QuickText.setconf(head, plan)));
        files.add(new HostFile(
                SystemText.NFT_FILE,
                Optional.of(SystemText.NFT_PLACE),
                head + NftText.of(NftText.TABLE, plan.wall(), plan.mtu())));
        files.add(new HostFile(
                SystemText.SYSCTL_FILE,
                Optional.of(SystemText.SYSCTL_PLACE),
                SystemText.sysctl(head, KernelParameter.of(network, plan))));
        files.add(unit(SystemText.SERVICE, SystemText.service(head, plan)));
        files.add(unit(SystemText.DRIFT, SystemText.drift(head)));
        files.add(unit(SystemText.TIMER, SystemText.timer(head)));
        return List.copyOf(files);
    }

    /** Whether it is the gate's. */
    public boolean isOfGate() {
        return name.equals(GATE) || name.equals(GATE_PEERS);
    }

    /** Whether it is a unit that systemd starts with the machine. */
    public boolean isStarted() {
        return text.contains("\n[Install]\n");
    }

    private static HostFile unit(String name, String text) {
        return new HostFile(name, Optional.of(UNITS + name), text);
    }

    static String head(Network network, Host host) {
        return head(network, host.name() + " (" + host.role() + ")");
    }

    /** What a file begins with, as a comment of most formats. */
    static String head(Network network, String what) {
        return "# " + what + " of " + network.name() + ", " + MADE_BY
                + ": change the description of the network, not this file.\n";
    }
}
