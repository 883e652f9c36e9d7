package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabLink;
import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A host whose tunnels our verbs bring up from files, and two others where they end, behind a router:
 *
 * <pre>
 * me 10.1.0.1, fd01::1 — router .254, ::ff — far 10.2.0.2, fd02::2, inside 10.9.0.2, 10.77.0.1, fd09::2, fd77::1
 *                                          — other 10.3.0.2, fd03::2, inside 10.8.0.2, 10.78.0.1, fd08::2, fd78::1
 * </pre>
 *
 * All networks are of /24 and /64. Inside, {@code me} is 10.9.0.1 and fd09::1 to the one, 10.8.0.1 and fd08::1 to the other.
 */
final class RoutedLab implements AutoCloseable {
    static final String LAN = "10.1.0.254";
    static final String LAN_V6 = "fd01::ff";
    static final int PORT = 51820;

    /** An interface of {@link #me}, of no other test. */
    final String name = Device.freshName();

    final LabHost me;
    final LabHost router;
    final LabHost farHost;
    final LabHost otherHost;
    final KeyPair keys;

    private final Lab lab;
    private final Path directory;
    private final Implementation ends;

    /** The other end of a tunnel: its network in its outer addresses, and in its inner ones. */
    record End(Device device, KeyPair keys, int network, int inner) {
        String outer() {
            return "10." + network + ".0.2:" + PORT;
        }

        String outerV6() {
            return "[fd0" + network + "::2]:" + PORT;
        }

        /** The address that only the tunnel leads to. */
        String inside() {
            return "10.7" + (inner == 9 ? 7 : 8) + ".0.1";
        }

        String insideV6() {
            return "fd7" + (inner == 9 ? 7 : 8) + "::1";
        }
    }

    /**
     * With wireguard-go at the other ends, where it is, for it is there sooner.
     *
     * @param directory for the configuration files
     */
    RoutedLab(Path directory) {
        this(
                directory,
                Implementation.WIREGUARD_GO.obstacle().isEmpty() ? Implementation.WIREGUARD_GO : Implementation.ANUBIS);
    }

    /** With {@code ends} at the other ends. */
    RoutedLab(Path directory, Implementation ends) {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        this.directory = directory;
        this.ends = ends;
        this.lab = Lab.open();
        try {
            me = lab.host("me");
            router = lab.host("router").router();
            farHost = lab.host("far");
            otherHost = lab.host("other");
            LabLink lan = lab.link(me, router);
            lan.addresses("10.1.0.1/24", "10.1.0.254/24").addresses("fd01::1/64", "fd01::ff/64");
            behindRouter(farHost, 2);
            behindRouter(otherHost, 3);
            defaultRoutes(me, 1);
            keys = KeyPair.generate(me);
        } catch (RuntimeException | Error e) {
            lab.close();
            throw e;
        }
    }

    private void behindRouter(LabHost host, int network) {
        lab.link(router, host)
                .addresses("10." + network + ".0.254/24", "10." + network + ".0.2/24")
                .addresses("fd0" + network + "::ff/64", "fd0" + network + "::2/64");
        defaultRoutes(host, network);
    }

    private static void defaultRoutes(LabHost host, int network) {
        host.run("ip", "route", "add", "default", "via", "10." + network + ".0.254");
        host.run("ip", "route", "add", "default", "via", "fd0" + network + "::ff");
    }

    /** Lets a tunnel of {@link #me} end in {@link #farHost}. */
    End far() {
        return end(farHost, 2, 9);
    }

    /** Lets a tunnel of {@link #me} end in {@link #otherHost}. */
    End other() {
        return end(otherHost, 3, 8);
    }

    private End end(LabHost host, int network, int inner) {
        End end = new End(Device.start(ends, host), KeyPair.generate(host), network, inner);
        Device device = end.device();
        device.wgFile(
                "setconf",
                "[Interface]\nPrivateKey = " + end.keys().privateKey() + "\nListenPort = " + PORT
                        + "\n[Peer]\nPublicKey = " + keys.publicKey() + "\nAllowedIPs = 10." + inner + ".0.1/32, fd0"
                        + inner + "::1/128\n");
        device.link()
                .address(
                        "10." + inner + ".0.2/24",
                        end.inside() + "/32",
                        "fd0" + inner + "::2/64",
                        end.insideV6() + "/128")
                .up();
        return end;
    }

    /** A host on the network of {@link #me} that is reached by the router. */
    LabHost host(String hostName) {
        return lab.host(hostName);
    }

    LabLink link(LabHost left, LabHost right) {
        return lab.link(left, right);
    }

    /** A section for one end. */
    static String peer(End end, String allowedIps, String endpoint, String... lines) {
        return "[Peer]\nPublicKey = " + end.keys().publicKey() + "\nAllowedIPs = " + allowedIps + "\n"
                + (endpoint.isEmpty() ? "" : "Endpoint = " + endpoint + "\n") + String.join("\n", lines) + "\n";
    }

    /** Writes the configuration file of an interface; the first lines are of the [Interface] section, which has the key. */
    Path writeAs(String interfaceName, String... lines) {
        try {
            Path file = directory.resolve(interfaceName + ".conf");
            Files.deleteIfExists(file);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            return Files.writeString(
                    file, "[Interface]\nPrivateKey = " + keys.privateKey() + "\n" + String.join("\n", lines) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path write(String... lines) {
        return writeAs(name, lines);
    }

    /** Runs a verb of ours at {@link #me}. */
    CommandResult anubis(String... words) {
        return anubis(Map.of(), words);
    }

    CommandResult anubis(Map<String, String> environment, String... words) {
        return me.execute(builder -> builder.environment().putAll(environment), Implementation.verb(words));
    }

    /** Runs a verb that has to succeed, with nothing to say but what is returned. */
    String run(String... words) {
        CommandResult result = anubis(words);
        assertThat(result.status()).as(result.stderr()).isZero();
        assertThat(result.stderr()).isEmpty();
        return result.stdout();
    }

    /** Brings {@link #name} up from a file of these lines. */
    void up(String... lines) {
        run("up", write(lines).toString());
    }

    /** Changes the file of {@link #name} to these lines, and puts it in force. */
    List<String> reload(String... lines) {
        return run("reload", write(lines).toString()).lines().toList();
    }

    /** What {@code task} makes in the network of a host: a socket, which stays there. */
    static <T> T in(LabHost host, Callable<T> task) {
        try (NetworkNamespace namespace = NetworkNamespace.of(host.namespacePath())) {
            return namespace.call(task);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    void awaitPing(String address) {
        await("an answer from " + address, () -> me.reaches(address));
    }

    static void await(String what, BooleanSupplier condition) {
        assertThat(Lab.poll(Device.SOON, condition)).as(what).isTrue();
    }

    /** All that anybody can see of a host's network and of these interfaces. */
    String state(LabHost host, String... interfaces) {
        String network = Stream.of(
                        "ip -o address",
                        "ip -o link",
                        "ip -N route show table all",
                        "ip -6 -N route show table all",
                        "ip rule",
                        "ip -6 rule",
                        "nft -s list ruleset")
                .map(command -> host.run(command.split(" ")))
                // Whether a neighbour has been heard of, or asked whether it has the address, is not of interest.
                .map(text -> text.replaceAll("(?m) (expires|valid_lft|preferred_lft) \\w+", "")
                        .replace(" tentative", ""))
                .collect(Collectors.joining("\n"));
        return network
                + Arrays.stream(interfaces)
                        .map(each -> host.execute("wg", "showconf", each).stdout()
                                + host.execute("sh", "-c", "cat /run/anubis/" + each + ".conf")
                                        .stdout())
                        .collect(Collectors.joining("\n"));
    }

    String state() {
        return state(me, name);
    }

    @Override
    public void close() {
        lab.close();
    }
}
