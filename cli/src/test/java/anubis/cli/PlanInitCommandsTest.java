package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.PrivateKey;
import anubis.plan.Network;
import anubis.plan.NetworkFile;
import anubis.plan.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PlanInitCommandsTest {
    private static final String HUB = "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrUE=";
    private static final String HUB_KEY = "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=";
    private static final String OTHER_KEY = "lZOTDB6eC7qjPtXMz0T1fZE2RGgd2GKGDjmqgiWXbBo=";

    private final PrintStream standardOutput = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path folder;

    @BeforeEach
    void take() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void giveBack() {
        System.setOut(standardOutput);
    }

    private int plan(String... args) {
        CommandLine anubis = Anubis.commandLine();
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(Stream.concat(Stream.of("plan"), Stream.of(args)).toArray(String[]::new));
    }

    private String file() {
        return folder.resolve("network.toml").toString();
    }

    private Network written() throws Exception {
        return NetworkFile.parse(file(), Files.readString(Path.of(file())));
    }

    @Test
    @DisplayName("Options are a description that can be planned, and is not overwritten")
    void init() throws Exception {
        String[] args = {
            "init",
            "-o",
            file(),
            "--server",
            "hub=" + HUB_KEY,
            "--address",
            "198.51.100.7",
            "--phone",
            "selen=" + OTHER_KEY
        };

        assertThat(plan(args)).isZero();

        assertThat(written().hosts().keySet()).containsExactly("hub", "selen");
        assertThat(written().ranges().getLast().toString()).startsWith("fd").endsWith("/64");
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("written: " + file(), "anubis prove " + file());
        assertThat(plan(args)).isEqualTo(1);
        assertThat(err).asString().contains("it is there already, and stays as it is");
    }

    @Test
    @DisplayName("A key that is missing is told once, with the command that makes it")
    void keys() throws IOException {
        assertThat(plan("init", "-o", file(), "--server", "hub", "--address", "vpn.example.org", "--json"))
                .isZero();

        assertThat(Files.readString(Path.of(file())))
                .containsOnlyOnce("hosts.hub.key")
                .contains("anubis genkey");
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"remarks\"");
    }

    @Test
    @DisplayName("A file that is there is told before anything is asked; and where nobody can be asked, that")
    void there() throws IOException {
        assertThat(plan("init", "-o", file())).isEqualTo(2);
        Files.writeString(Path.of(file()), "mine");

        assertThat(plan("init", "-o", file())).isEqualTo(1);

        assertThat(err).asString().contains("there is no terminal to ask at", "it is there already");
    }

    @Test
    @DisplayName("Each fault of a file has a line of its own")
    void faults() throws IOException {
        Files.writeString(
                Path.of(file()), "wireguard = \"10.9.0.0/24\"\n[hosts.x]\nrolle = \"leaf\"\nrole = \"leaf\"\n");

        assertThat(plan(file())).isEqualTo(1);

        assertThat(err.toString().lines())
                .hasSizeGreaterThan(1)
                .allMatch(line -> line.startsWith("anubis: " + file() + ":"));
    }

    @Test
    @DisplayName("A phone's key is made where its code is drawn, not on it")
    void phoneKey() throws IOException {
        assertThat(plan("init", "-o", file(), "--server", "hub", "--address", "a.example", "--phone", "selen"))
                .isZero();

        assertThat(Files.readString(Path.of(file())))
                .contains("here, run '(umask 077; anubis genkey > selen.key)", "'anubis qr --host'");
    }

    @Test
    @DisplayName("What is wrong with an option is told, and no key is cited")
    void wrong() {
        assertThat(plan("init", "-o", file(), "--server", "hub=" + HUB.substring(1), "--address", "a.example"))
                .isEqualTo(2);
        assertThat(plan("init", "-o", file(), "--server", "hub")).isEqualTo(2);

        assertThat(err)
                .asString()
                .contains("--server: 'hub=…': a key is 32 bytes", "--address is needed")
                .doesNotContain(HUB.substring(1));
    }

    @Test
    @DisplayName("Files of hosts are a description without their secrets")
    void fromFiles() throws Exception {
        Path hub = Files.createDirectory(folder.resolve("jacinth")).resolve("wg0.conf");
        Files.writeString(hub, """
                [Interface]
                PrivateKey = %s
                Address = 10.9.0.1/24
                ListenPort = 4296
                [Peer]
                #: Name = Selen
                PublicKey = %s
                AllowedIPs = 10.9.0.2/32
                """.formatted(HUB, OTHER_KEY));

        assertThat(plan("import", "--name", "Old", "-o", file(), hub.toString()))
                .isZero();

        assertThat(written().hosts().keySet()).containsExactly("jacinth", "selen");
        assertThat(written().host("selen").role()).isEqualTo(Role.PHONE);
        assertThat(written().host("jacinth").key())
                .contains(PrivateKey.ofBase64(HUB).publicKey());
        assertThat(Files.readString(Path.of(file()))).doesNotContain(HUB);
        assertThat(plan("import", "-o", "-", folder.resolve("none").toString())).isEqualTo(1);
        assertThat(err).asString().contains("there is no such file");
        Path binary = Files.write(folder.resolve("picture.conf"), new byte[] {(byte) 0xff, 0});
        assertThat(plan("import", "-o", folder.resolve("new.toml").toString(), binary.toString()))
                .isEqualTo(1);
        assertThat(err).asString().contains("picture.conf: it is not text in UTF-8");
    }
}
