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
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An interface of the kernel's, where few test machines have one: a program called {@code ip} tells of it, and one called
 * {@code wg} repeats what it was asked and what it read.
 */
@Tag("alone")
final class KernelInterfaceTest {
    private static final String KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

    @TempDir
    Path directory;

    private Lab lab;
    private LabHost host;

    @BeforeEach
    void installPrograms() throws IOException {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        lab = Lab.open();
        host = lab.host("alone");
        program("ip", "echo 'kernel0          DOWN           <NOARP> '");
        program(
                "wg",
                "case $* in *dump) printf '%s\\t%s\\t51820\\t0xff\\n' " + KEY + " " + KEY + ";;",
                "*wrong*) echo refused >&2; exit 1;;",
                "*) echo wg $*; for file; do :; done; case $file in /*) cat $file;; esac;; esac");
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private void program(String name, String... lines) throws IOException {
        Path file = Files.createFile(
                directory.resolve(name),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
    }

    private CommandResult anubis(String... arguments) {
        return host.execute(this::programsFirst, Implementation.verb(arguments));
    }

    private void programsFirst(ProcessBuilder builder) {
        builder.environment().merge("PATH", directory.toString(), (path, ours) -> ours + ":" + path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "show kernel0",
                "show kernel0 transfer",
                "show all",
                "show all peers",
                "showconf kernel0",
                "set kernel0 listen-port 5 peer x remove",
            })
    void wgIsAskedTheSame(String words) {
        assertThat(anubis(words.split(" ")).orThrow()).isEqualTo("wg " + words + "\n");
    }

    @Test
    void wgReadsTheFilesOfTheShell() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "a line\n");
        for (String verb : new String[] {"setconf", "addconf", "syncconf"}) {
            assertThat(anubis(verb, "kernel0", file.toString()).orThrow())
                    .isEqualTo("wg " + verb + " kernel0 " + file + "\na line\n");
        }
        String script = "PATH=" + directory + ":$PATH; \"$0\" set kernel0 private-key <(echo secret)";
        assertThat(host.run("bash", "-c", script, Implementation.verb()[0])).contains("\nsecret\n");
        assertThat(host.run("bash", "-c", script.replace("<(", "/dev/stdin < <("), Implementation.verb()[0]))
                .isEqualTo("wg set kernel0 private-key /dev/stdin\nsecret\n");
    }

    @Test
    void whatWgRefusesIsRefused() {
        CommandResult result = anubis("set", "kernel0", "wrong", "thing");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr()).isEqualTo("refused\n");
    }

    @Test
    void itIsListedAndShownAsJson() {
        assertThat(anubis("show", "interfaces").orThrow()).endsWith("kernel0\n");
        assertThat(anubis("show", "kernel0", "--json").orThrow())
                .isEqualTo("{\"kernel0\":{\"privateKey\":\"(hidden)\",\"publicKey\":"
                        + "\"HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\",\"listenPort\":51820,\"fwmark\":255,"
                        + "\"peers\":{}}}\n");
    }

    @Test
    void statusAndItsKindKnowIt() {
        for (String verb : new String[] {"status", "status kernel0"}) {
            assertThat(anubis(verb.split(" ")).orThrow()).contains("kernel0, port 51820: no peers");
        }
        assertThat(anubis("why", "kernel0").orThrow()).contains("  no-peers: ");
        assertThat(anubis("mtu", "kernel0").stderr()).contains("kernel0 has 0 peers");
    }

    @Test
    void withoutWgThereIsAClearError() throws IOException {
        Files.delete(directory.resolve("wg"));
        CommandResult result = host.execute(
                this::programsFirst,
                Stream.concat(
                                Stream.of(
                                        "unshare",
                                        "-m",
                                        "sh",
                                        "-ec",
                                        "mount --bind /dev/null $(command -v wg); exec \"$@\"",
                                        "sh"),
                                Stream.of(Implementation.verb("show", "kernel0")))
                        .toArray(String[]::new));
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.stderr()).contains("wg is not installed", "apt install wireguard-tools");
    }
}
