package anubis.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** A host of the lab: a network namespace, and the processes started in it. Any thread may use it. */
public final class LabHost {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final String name;
    private final String namespace;
    private final AtomicInteger interfaces = new AtomicInteger();

    LabHost(String name, String namespace) {
        this.name = name;
        this.namespace = namespace;
    }

    /** The name given to {@link Lab#host}. */
    public String name() {
        return name;
    }

    /** What {@code ip netns} calls this host. */
    public String namespace() {
        return namespace;
    }

    /** The file by which the network namespace is entered. */
    public Path namespacePath() {
        return Lab.NAMESPACES.resolve(namespace);
    }

    /** An interface that is in this host already, or will be. */
    public LabInterface interfaceNamed(String interfaceName) {
        return new LabInterface(this, interfaceName);
    }

    /**
     * Runs a command here to its end and returns its standard output.
     *
     * @throws CommandFailedException if it fails, or takes more than two minutes
     */
    public String run(String... command) {
        return execute(command).orThrow();
    }

    /**
     * Runs a command here to its end, whether it fails or not.
     *
     * @throws CommandFailedException if it cannot be started, or takes more than two minutes
     */
    public CommandResult execute(String... command) {
        return execute(builder -> {}, command);
    }

    /** {@link #execute(String...)} with an environment or a working directory of its own. */
    public CommandResult execute(Consumer<ProcessBuilder> setup, String... command) {
        ProcessBuilder builder = inside(command);
        setup.accept(builder);
        return CommandResult.of(builder, PATIENCE);
    }

    /**
     * Starts a command here; it is ended, with all that descend from it, when the lab closes. Its output is lost.
     *
     * @return the process, which is the command itself
     * @throws CommandFailedException if it cannot be started
     */
    public Process start(String... command) {
        return start(
                builder -> builder.redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD),
                command);
    }

    /** {@link #start(String...)} with redirections, an environment or a working directory of its own. */
    public Process start(Consumer<ProcessBuilder> setup, String... command) {
        ProcessBuilder builder = inside(command);
        setup.accept(builder);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new CommandFailedException(builder.command(), "cannot be started", String.valueOf(e.getMessage()));
        }
    }

    /** Whether one ping to this address (IPv4 or IPv6) is answered within three seconds. */
    public boolean reaches(String address) {
        return execute("ping", "-n", "-q", "-c", "1", "-W", "3", address).status() == 0;
    }

    /** Sets a kernel parameter of this network namespace, for example {@code net.ipv4.ip_forward} to {@code 1}. */
    public void sysctl(String key, String value) {
        run("sysctl", "-q", "-w", key + "=" + value);
    }

    /** Lets this host forward packets, of both IP versions. */
    public LabHost router() {
        sysctl("net.ipv4.ip_forward", "1");
        sysctl("net.ipv6.conf.all.forwarding", "1");
        return this;
    }

    /** Gives what leaves by an interface that interface's address, as a home router does, for both IP versions. */
    public LabHost masquerade(LabInterface outside) {
        run(
                "nft",
                "table inet anubis-nat { chain post { type nat hook postrouting priority 100; oifname \""
                        + outside.name() + "\" masquerade; }; }");
        return this;
    }

    /** Makes a bridge of some of this host's interfaces; addresses can be given to it. */
    public LabInterface bridge(LabInterface... ports) {
        LabInterface bridge = interfaceNamed("br" + interfaces.getAndIncrement());
        run("ip", "link", "add", bridge.name(), "type", "bridge");
        for (LabInterface port : ports) {
            run("ip", "link", "set", port.name(), "master", bridge.name());
        }
        return bridge.up();
    }

    LabInterface nextInterface() {
        return interfaceNamed("eth" + interfaces.getAndIncrement());
    }

    /** Ends every process in a namespace: politely, after a while by force. */
    static void endProcesses(String namespace) {
        List<ProcessHandle> left = processesIn(namespace).stream()
                .filter(pid -> pid != ProcessHandle.current().pid())
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .toList();
        left.forEach(ProcessHandle::destroy);
        if (!Lab.poll(Duration.ofSeconds(2), () -> left.stream().noneMatch(ProcessHandle::isAlive))) {
            left.forEach(CommandResult::killTree);
        }
    }

    static List<Long> processesIn(String namespace) {
        CommandResult pids = CommandResult.of(new ProcessBuilder("ip", "netns", "pids", namespace), PATIENCE);
        // A namespace that is gone, perhaps since a moment ago, has none.
        return pids.status() != 0 && !Lab.exists(namespace)
                ? List.of()
                : pids.orThrow().lines().map(Long::valueOf).toList();
    }

    private ProcessBuilder inside(String... command) {
        // nsenter rather than "ip netns exec": it leaves /sys and the mounts as they are.
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + namespacePath()));
        all.addAll(List.of(command));
        return new ProcessBuilder(all);
    }

    @Override
    public String toString() {
        return namespace;
    }
}
