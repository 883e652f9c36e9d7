package anubis.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network of network namespaces on this machine: hosts, and cables between them. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN in
 * the present user namespace and a {@code /run} it may write to; for a user without root that is
 * {@code unshare -Urnm sh -c 'mount -t tmpfs tmpfs /run; ...'}.
 *
 * <p>All of it, the processes started in it included, ends with {@link #close}, at the latest when the JVM ends. What a JVM
 * left behind that was killed is removed when the next lab is opened. Any thread may use it.
 */
public final class Lab implements AutoCloseable {
    static final Path NAMESPACES = Path.of("/run/netns");

    private static final Pattern NAME = Pattern.compile("[a-z0-9]{1,32}");
    private static final Pattern OURS = Pattern.compile("anubis-([0-9]+)-[a-z0-9]+-[a-z0-9]+");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final AtomicInteger LABS = new AtomicInteger();

    private final String prefix = "anubis-" + ProcessHandle.current().pid() + "-" + LABS.incrementAndGet() + "-";
    private final List<LabHost> hosts = new ArrayList<>();
    private final Thread hook = new Thread(this::end, "lab-cleanup");
    private boolean closed;

    private Lab() {}

    /** Opens an empty lab. */
    public static Lab open() {
        removeLeftovers();
        Lab lab = new Lab();
        Runtime.getRuntime().addShutdownHook(lab.hook);
        return lab;
    }

    /** Why no lab can be had here (no privilege, a tool is missing), or nothing if one can. */
    public static Optional<String> obstacle() {
        try (Lab lab = open()) {
            lab.host("trial").run("ip", "link", "show", "lo");
            return Optional.empty();
        } catch (CommandFailedException e) {
            return Optional.of("no network namespaces: " + e.getMessage());
        }
    }

    /**
     * Adds a host, with its loopback interface up.
     *
     * @param name unique in the lab; 1 to 32 small letters and digits
     */
    public synchronized LabHost host(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("a host's name has 1 to 32 small letters and digits, not: " + name);
        }
        requireOpen();
        LabHost host = new LabHost(name, prefix + name);
        hosts.add(host); // First: the end may come while it is being made.
        ip("netns", "add", host.namespace());
        host.run(
                "sh",
                "-c",
                "ip link set lo up && sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0"
                        + " net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0"
                        + " net.ipv6.conf.default.accept_dad=0");
        return host;
    }

    /** Lays a cable between two hosts; its ends are up and named eth0, eth1 … in each host. */
    public synchronized LabLink link(LabHost left, LabHost right) {
        requireOpen();
        LabLink link = new LabLink(left.nextInterface(), right.nextInterface());
        ip(
                "link",
                "add",
                link.left().name(),
                "netns",
                left.namespace(),
                "type",
                "veth",
                "peer",
                "name",
                link.right().name(),
                "netns",
                right.namespace());
        link.left().up();
        link.right().up();
        return link;
    }

    /** Waits until a condition holds, asking a hundred times a second, and says whether it came to hold in time. */
    public static boolean poll(Duration atMost, BooleanSupplier condition) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Ends every process in the lab and removes its hosts, the last made first. Closing again does nothing. */
    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook runs, and finds nothing to do.
        }
    }

    private synchronized void end() {
        if (closed) {
            return;
        }
        closed = true;
        for (LabHost host : hosts.reversed()) {
            LabHost.endProcesses(host.namespace());
            removeNamespace(host.namespace());
        }
    }

    /** Removes the namespaces of processes that are no more, with what still runs in them. */
    static void removeLeftovers() {
        for (String line : ip("netns", "list").lines().toList()) {
            String namespace = line.split(" ", 2)[0];
            Matcher ours = OURS.matcher(namespace);
            if (ours.matches()
                    && ProcessHandle.of(Long.parseLong(ours.group(1))).isEmpty()) {
                LabHost.endProcesses(namespace);
                removeNamespace(namespace);
            }
        }
    }

    private static void removeNamespace(String namespace) {
        // Another process may be removing the same leftovers: that it is gone is all that counts.
        CommandResult removed = CommandResult.of(new ProcessBuilder("ip", "netns", "del", namespace), PATIENCE);
        if (exists(namespace)) {
            removed.orThrow();
        }
    }

    static boolean exists(String namespace) {
        return Files.exists(NAMESPACES.resolve(namespace));
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the lab is closed");
        }
    }

    private static String ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        return CommandResult.of(new ProcessBuilder(command), PATIENCE).orThrow();
    }
}
