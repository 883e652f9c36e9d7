package anubis.bench;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * OpenVPN in its usual mode: TLS with certificates at both ends, over UDP, the client's settings pushed by the server. The
 * options are those of its sample configurations.
 */
abstract sealed class OpenVpn implements Rival {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String UP = "Initialization Sequence Completed";
    private static final String HELD = ">HOLD:";
    private static final String CONNECTED = ",CONNECTED,SUCCESS,";

    private static final String CERTIFICATES = """
            key='ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
            openssl req -x509 -newkey $key -keyout ca.key -out ca.crt -subj /CN=ca -days 2
            for name in server client; do
                openssl req -newkey $key -keyout $name.key -out $name.csr -subj /CN=$name
                printf 'keyUsage=digitalSignature\\nextendedKeyUsage=%sAuth\\n' $name >$name.ext
                openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile $name.ext \\
                    -out $name.crt
            done""";

    private static final String BOTH = """
            dev tun
            proto udp
            ca ca.crt
            cert %1$s.crt
            key %1$s.key
            persist-key
            persist-tun
            explicit-exit-notify 1
            verb 3
            """;

    final GateHosts hosts;

    private OpenVpn(GateHosts hosts) throws IOException {
        this.hosts = hosts;
        hosts.client()
                .execute(builder -> builder.directory(hosts.file(".").toFile()), "sh", "-euc", CERTIFICATES)
                .orThrow();
        hosts.write("server.conf", BOTH.formatted("server") + """
                local %s
                server 10.9.0.0 255.255.255.0
                topology subnet
                dh none
                keepalive 10 120
                """.formatted(GateHosts.HUB));
        hosts.write("client.conf", BOTH.formatted("client") + """
                client
                remote %s 1194
                nobind
                remote-cert-tls server
                connect-retry-max 1
                """.formatted(GateHosts.HUB));
        Path log = hosts.file("server.log");
        Process server = start(hosts.hub(), Redirect.to(log.toFile()), "server.conf");
        require(server, () -> text(log).contains(UP), log);
    }

    private static void require(Process openvpn, BooleanSupplier ready, Path log) {
        if (!Lab.poll(PATIENCE, () -> !openvpn.isAlive() || ready.getAsBoolean()) || !openvpn.isAlive()) {
            throw new IllegalStateException("openvpn does not start: " + text(log));
        }
    }

    /** The client starts at the request and ends when the tunnel is to go down. */
    static Rival started(GateHosts hosts) throws IOException {
        return new Started(hosts);
    }

    /** The client is there all the time, and held by its management interface while there is to be no tunnel. */
    static Rival released(GateHosts hosts) throws IOException {
        return new Released(hosts);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads until a line has these words. A client that gets no connection ends by itself: connect-retry-max. */
    private static void await(BufferedReader said, String words) {
        List<String> lines = new ArrayList<>();
        try {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (line.contains(words)) {
                    return;
                }
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("openvpn has ended: " + String.join("\n", lines));
    }

    final Process start(LabHost host, Redirect output, String... options) {
        List<String> command = new ArrayList<>(List.of("openvpn"));
        command.addAll(List.of(options));
        return host.start(
                builder -> builder.directory(hosts.file(".").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output),
                command.toArray(String[]::new));
    }

    private static final class Started extends OpenVpn {
        private Optional<Process> client = Optional.empty();

        Started(GateHosts hosts) throws IOException {
            super(hosts);
        }

        @Override
        public String name() {
            return "OpenVPN, client started";
        }

        @Override
        public void up() {
            Process started = start(hosts.client(), Redirect.PIPE, "client.conf");
            client = Optional.of(started);
            await(started.inputReader(), UP);
        }

        @Override
        public void down() {
            client.ifPresent(running -> {
                running.destroy();
                running.onExit().join();
            });
        }
    }

    private static final class Released extends OpenVpn {
        private final SocketChannel management = SocketChannel.open(StandardProtocolFamily.UNIX);
        private final BufferedReader said = new BufferedReader(Channels.newReader(management, StandardCharsets.UTF_8));

        Released(GateHosts hosts) throws IOException {
            super(hosts);
            Path log = hosts.file("client.log");
            Path socket = hosts.file("management");
            Process client = start(
                    hosts.client(),
                    Redirect.to(log.toFile()),
                    "--config",
                    "client.conf",
                    "--management",
                    socket.toString(),
                    "unix",
                    "--management-hold");
            require(client, () -> text(log).contains("Need hold release"), log);
            management.connect(UnixDomainSocketAddress.of(socket));
            say("state on");
            await(said, HELD);
        }

        @Override
        public String name() {
            return "OpenVPN, `hold release` to a running client";
        }

        private void say(String line) {
            try {
                management.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void up() {
            say("hold release");
            await(said, CONNECTED);
        }

        @Override
        public void down() {
            say("signal SIGUSR1");
            await(said, HELD);
        }
    }
}
