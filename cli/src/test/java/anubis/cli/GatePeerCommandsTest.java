package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.host.HandshakeClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** With the registry in the STATE_DIRECTORY that the build gives to tests. */
class GatePeerCommandsTest {
    private static final String KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
    private static final String OTHER = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
    private static final String SECRET = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
    private static final List<String> BOB = List.of(
            "gate", "peer", "add", "bob", "--gate-key", KEY, "--production-key", KEY, "--allowed-ips", "10.0.0.3");

    @TempDir
    Path folder;

    private final PrintStream standardOutput = System.out;
    private final PrintStream standardError = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream warnings = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void anEmptyRegistry() throws IOException {
        System.setErr(new PrintStream(warnings, true, StandardCharsets.UTF_8));
        for (String name : List.of("gate.db", "gate.db-wal", "gate.db-shm")) {
            Files.deleteIfExists(HandshakeClock.stateDirectory().resolve(name));
        }
    }

    @AfterEach
    void giveBack() {
        System.setOut(standardOutput);
        System.setErr(standardError);
    }

    private int anubis(List<String> args) {
        out.reset();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        CommandLine anubis = Anubis.commandLine(args.toArray(String[]::new));
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(args.toArray(String[]::new));
    }

    /** What a command prints that does what it is asked. */
    private String gate(String... args) {
        List<String> all = new ArrayList<>(List.of("gate"));
        all.addAll(List.of(args));
        assertThat(anubis(all)).as(err::toString).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    private Path secret(String name, String text) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path file = folder.resolve(name);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    /** With all options; returns the secret of its one-time passwords. */
    private String addAlice() throws IOException {
        String uri = gate(
                "peer",
                "add",
                "alice",
                "--gate-key",
                KEY,
                "--production-key",
                OTHER,
                "--allowed-ips",
                "10.0.0.2,2001:db8::2/128",
                "--preshared-key",
                secret("psk", SECRET + "\n").toString(),
                "--hours",
                "Mon-Fri 08:00-18:00 Europe/Berlin",
                "--expiry",
                "2099-01-31T18:00:00+01:00",
                "--permanent",
                "--hub",
                "--second-factor",
                "totp",
                "--note",
                "her laptop");
        assertThat(uri).matches("otpauth://totp/Anubis:alice\\?secret=[A-Z2-7]{32}&issuer=.*\n");
        return uri.replaceFirst(".*secret=([A-Z2-7]+)&.*\n", "$1");
    }

    @Test
    void aPeerIsAddedAndShownWithoutItsSecrets() throws IOException {
        String totp = addAlice();
        assertThat(gate("peer", "show", "alice").lines())
                .containsExactly(
                        "peer: alice",
                        "  gate key: " + KEY,
                        "  production key: " + OTHER,
                        "  allowed ips: 10.0.0.2/32, 2001:db8::2/128",
                        "  preshared key: (hidden)",
                        "  hours: Mon-Fri 08:00-18:00 Europe/Berlin",
                        "  expiry: 2099-01-31T17:00:00Z",
                        "  second factor: totp",
                        "  note: her laptop",
                        "  is: permanent, a hub");
        assertThat(gate("peer", "list"))
                .isEqualTo("alice  10.0.0.2/32, 2001:db8::2/128  (permanent; a hub; expires 2099-01-31T17:00:00Z;"
                        + " Mon-Fri 08:00-18:00 Europe/Berlin; totp)\n");
        String json = "{\"name\":\"alice\",\"gateKey\":\"" + KEY + "\",\"productionKey\":\"" + OTHER
                + "\",\"allowedIps\":[\"10.0.0.2/32\",\"2001:db8::2/128\"],\"presharedKey\":\"(hidden)\","
                + "\"hours\":\"Mon-Fri 08:00-18:00 Europe/Berlin\",\"expiry\":\"2099-01-31T17:00:00Z\",\"enabled\":true,"
                + "\"permanent\":true,\"hub\":true,\"secondFactor\":\"totp\",\"note\":\"her laptop\"}";
        assertThat(gate("peer", "show", "alice", "--json")).isEqualTo(json + "\n");
        assertThat(gate("peer", "list", "--json")).isEqualTo("[" + json + "]\n");
        String exported = gate("peer", "export", "-");
        assertThat(exported).contains(SECRET, "totp:" + totp);
        assertThat(warnings.toString(StandardCharsets.UTF_8)).contains("warning: preshared keys and second factors");
    }

    @Test
    void eachEditIsALineOfTheLog() {
        assertThat(anubis(BOB)).isZero();
        gate("peer", "disable", "bob");
        assertThat(gate("peer", "list")).isEqualTo("bob  10.0.0.3/32  (disabled)\n");
        gate("peer", "enable", "bob");
        assertThat(gate("peer", "list")).isEqualTo("bob  10.0.0.3/32\n");
        gate("peer", "remove", "bob");
        assertThat(gate("peer", "list")).isEmpty();
        assertThat(gate("log").lines().map(line -> line.substring(line.indexOf(' ') + 1)))
                .containsExactly(
                        "bob: added from owner: done",
                        "bob: disabled from owner: done",
                        "bob: enabled from owner: done",
                        "bob: removed from owner: done");
        assertThat(gate("log", "-n", "2", "--json").lines())
                .hasSize(2)
                .last()
                .asString()
                .endsWith("\"name\":\"bob\",\"gateKey\":\"" + KEY + "\",\"productionKey\":\"" + KEY
                        + "\",\"what\":\"removed\",\"from\":\"owner\",\"verdict\":\"done\"}");
    }

    @Test
    void whatIsExportedIsImportedElsewhere() throws IOException {
        addAlice();
        assertThat(anubis(BOB)).isZero();
        Path file = folder.resolve("peers.toml");
        gate("peer", "export", file.toString());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        gate("peer", "disable", "alice");
        assertThat(gate("peer", "import", file.toString())).isEqualTo("0 added, 1 replaced, 1 unchanged\n");
        anEmptyRegistry();
        assertThat(gate("peer", "import", file.toString())).isEqualTo("2 added, 0 replaced, 0 unchanged\n");
        Path again = folder.resolve("again.toml");
        gate("peer", "export", again.toString());
        assertThat(again).hasSameBinaryContentAs(file);
    }

    @Test
    void aFileThatOthersCanReadIsRefused() throws IOException {
        Path key = secret("psk", SECRET);
        Path peers = secret("peers.toml", "");
        for (Path file : List.of(key, peers)) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        fails(1, "chmod 600 " + peers, "gate", "peer", "import", peers.toString());
        fails(
                1,
                "chmod 600 " + key,
                Stream.concat(BOB.stream(), Stream.of("--preshared-key", key.toString()))
                        .toArray(String[]::new));
        assertThat(gate("peer", "list")).isEmpty();
    }

    private void fails(int code, String complaint, String... args) {
        err.getBuffer().setLength(0);
        assertThat(anubis(List.of(args))).isEqualTo(code);
        assertThat(err.toString()).startsWith("anubis: ").contains(complaint).doesNotContain(SECRET);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void ofAFileWithAFaultNothingIsImported() throws IOException {
        assertThat(anubis(BOB)).isZero();
        String exported = gate("peer", "export", "-");
        Path file = secret("peers.toml", exported.replace("bob", "carol").replace("10.0.0.3/32", "10.0.0.4/33"));
        fails(1, file + ":7:1: allowed-ips: '10.0.0.4/33'", "gate", "peer", "import", file.toString());
        Files.writeString(file, exported.replace("bob", "carol"));
        fails(1, "'bob' and 'carol'", "gate", "peer", "import", file.toString());
        assertThat(gate("peer", "list")).isEqualTo("bob  10.0.0.3/32\n");
    }

    @ParameterizedTest
    @CsvSource({
        "--hours, never, hours are like",
        "--expiry, tomorrow, --expiry",
        "--second-factor, yubikey, neither totp nor program",
        "--gate-key, short, --gate-key: a key is",
        "--allowed-ips, '10.0.0.2,', --allowed-ips",
        "--note, '\007', a note is one line"
    })
    void aWrongOptionIsNamed(String option, String value, String complaint) {
        List<String> args = new ArrayList<>(BOB);
        int at = args.indexOf(option);
        if (at < 0) {
            args.addAll(List.of(option, value));
        } else {
            args.set(at + 1, value);
        }
        fails(2, complaint, args.toArray(String[]::new));
        fails(1, "there is no peer 'bob'", "gate", "peer", "show", "bob");
    }

    @Test
    void noTwoPeersAreTheSame() {
        assertThat(anubis(BOB)).isZero();
        fails(1, "there is a peer 'bob' already", BOB.toArray(String[]::new));
        List<String> other = new ArrayList<>(BOB);
        other.set(3, "carol");
        fails(1, "'bob' and 'carol' cannot both have the production key", other.toArray(String[]::new));
        fails(1, "there is no peer 'carol'", "gate", "peer", "remove", "carol");
    }
}
