package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is done for an interface of the kernel's as long as it is up, where few test machines have one: {@code ip} makes a
 * bridge instead, and {@code wg} shows a peer whose endpoint is what it was last told.
 */
@Tag("alone")
final class KernelKeeperTest {
    /** A name that is not resolved is asked for again after 5, 10 and 20 seconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private final String name = Device.freshName();
    private Lab lab;
    private LabHost host;

    @BeforeEach
    void installPrograms() throws IOException {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        lab = Lab.open();
        host = lab.host("alone");
        host.run("ip", "link", "set", "lo", "up");
        KeyPair own = KeyPair.generate(host);
        String peer = KeyPair.generate(host).publicKey();
        String ip = host.run("sh", "-c", "command -v ip").strip();
        program(
                "ip",
                "case \"$*\" in",
                "'link add dev " + name + " type wireguard') exec " + ip + " link add " + name + " type bridge;;",
                "'-br link show type wireguard') " + ip + " link show " + name + " >&2 2>/dev/null && echo '" + name
                        + " UP'; exit 0;;",
                "esac",
                "exec " + ip + " \"$@\"");
        program(
                "wg",
                ip + " link show " + name + " >/dev/null || exit 1",
                "conf=" + directory.resolve("told"),
                "case $1 in",
                "syncconf) cat >$conf.new; mv $conf.new $conf;;",
                "*) endpoint=$(sed -n 's/^Endpoint *= *//p' $conf 2>/dev/null)",
                "printf '%s\\t%s\\t51820\\toff\\n' " + own.privateKey() + " " + own.publicKey(),
                "printf '%s\\t(none)\\t%s\\t10.9.0.2/32\\t0\\t0\\t0\\toff\\n' " + peer + " ${endpoint:-'(none)'};;",
                "esac");
        hosts("");
        Files.writeString(directory.resolve("resolv.conf"), "nameserver 127.0.0.1\n");
        Path file = Files.writeString(config(), """
                [Interface]
                #: Kernel = true
                PrivateKey = %s
                Address = 10.9.0.1/24
                [Peer]
                #: Name = hub
                PublicKey = %s
                AllowedIPs = 10.9.0.2/32
                Endpoint = hub.test:51820
                """.formatted(own.privateKey(), peer));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private Path config() {
        return directory.resolve(name + ".conf");
    }

    private void hosts(String line) throws IOException {
        Files.writeString(directory.resolve("hosts"), "127.0.0.1 localhost\n" + line + "\n");
    }

    private void program(String program, String... lines) throws IOException {
        Path file = Files.createFile(
                directory.resolve(program),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    }

    private void programsFirst(ProcessBuilder builder) {
        builder.environment().merge("PATH", directory.toString(), (path, ours) -> ours + ":" + path);
    }

    private CommandResult anubis(String... arguments) {
        return host.execute(this::programsFirst, withNames(arguments));
    }

    /** The command, where the names of this test are known and no others. */
    private String[] withNames(String... arguments) {
        String mounts = "mount --bind " + directory.resolve("hosts") + " /etc/hosts && mount --bind "
                + directory.resolve("resolv.conf") + " /etc/resolv.conf && exec \"$@\"";
        return Stream.concat(
                        Stream.of("unshare", "-m", "sh", "-c", mounts, "sh"), Stream.of(Implementation.verb(arguments)))
                .toArray(String[]::new);
    }

    private boolean isKept() {
        return Files.exists(Path.of("/run/anubis", name + ".peers"));
    }

    private String told() {
        try {
            return Files.readString(directory.resolve("told"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void itsNamesAreFollowedAndItsPeersWatchedUntilItIsTakenDown() throws IOException {
        CommandResult up = anubis("up", config().toString());
        assertThat(up.status()).as(up.stderr()).isZero();
        assertThat(Lab.poll(Device.SOON, this::isKept)).isTrue();
        assertThat(told()).doesNotContain("Endpoint");

        hosts("10.1.0.2 hub.test");
        assertThat(Lab.poll(PATIENCE, () -> told().contains("Endpoint = 10.1.0.2:51820")))
                .as(this::told)
                .isTrue();
        assertThat(anubis("status").orThrow())
                .contains(name + ", port 51820: 1 peer: 1 never seen", "hub", "10.1.0.2:51820");
        assertThat(anubis("why", name, "hub").orThrow()).contains("  nothing-sent: ");

        anubis("down", name).orThrow();
        assertThat(Lab.poll(PATIENCE, () -> !isKept())).isTrue();
    }

    @Test
    void inTheForegroundItIsTakenDownAtTheEnd() throws Exception {
        Path said = directory.resolve("said");
        Process up = host.start(
                builder -> {
                    programsFirst(builder);
                    builder.redirectErrorStream(true).redirectOutput(said.toFile());
                },
                withNames("up", "-f", config().toString()));
        assertThat(Lab.poll(PATIENCE, () -> isKept() || !up.isAlive())).isTrue();
        assertThat(Files.readAllLines(said)).contains("ready");

        up.destroy();

        assertThat(up.waitFor()).as(Files.readString(said)).isZero();
        assertThat(isKept()).isFalse();
        assertThat(List.of(host.run("ip", "-o", "link").split("\n"))).noneMatch(line -> line.contains(name));
    }
}
