package anubis.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LabTest {
    private static final Optional<String> OBSTACLE = Lab.obstacle();
    private static final Duration SOON = Duration.ofSeconds(20);

    private Lab lab;

    @BeforeEach
    void open() {
        assumeTrue(OBSTACLE.isEmpty(), () -> OBSTACLE.orElse(""));
        lab = Lab.open();
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void hostsOnACableReachEachOtherByBothIpVersionsAtOnce() {
        LabHost a = lab.host("a");
        LabHost b = lab.host("b");
        lab.link(a, b).addresses("10.1.0.1/24", "10.1.0.2/24").addresses("fd01::1/64", "fd01::2/64");

        assertThat(a.reaches("10.1.0.2")).isTrue();
        assertThat(b.reaches("fd01::1")).isTrue();
        assertThat(a.reaches("10.1.0.3")).isFalse();
    }

    @Test
    void aCableCarriesPacketsAsLargeAsItsMtu() {
        LabHost a = lab.host("a");
        LabHost b = lab.host("b");
        lab.link(a, b).mtu(40_000).addresses("10.1.0.1/24", "10.1.0.2/24");

        assertThat(a.run("ping", "-n", "-c", "1", "-W", "2", "-M", "do", "-s", "39000", "10.1.0.2"))
                .contains("39008 bytes from 10.1.0.2");
        assertThat(a.execute("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "39973", "10.1.0.2")
                        .stdout())
                .doesNotContain("bytes from");
    }

    @Test
    void aRouterMasqueradesWhatLeavesIt() {
        LabHost inside = lab.host("inside");
        LabHost router = lab.host("router").router();
        LabHost outside = lab.host("outside");
        lab.link(inside, router).addresses("10.1.0.1/24", "10.1.0.2/24");
        LabLink up = lab.link(router, outside).addresses("10.2.0.1/24", "10.2.0.2/24");
        inside.run("ip", "route", "add", "default", "via", "10.1.0.2");
        assertThat(inside.reaches("10.2.0.2")).as("without a way back").isFalse();

        router.masquerade(up.left());

        outside.run(
                "nft",
                "table ip seen { chain in { type filter hook input priority 0; ip saddr 10.2.0.1 counter; ip saddr"
                        + " 10.1.0.1 counter; }; }");
        assertThat(inside.reaches("10.2.0.2")).isTrue();
        assertThat(outside.run("nft", "list", "table", "ip", "seen"))
                .contains("10.2.0.1 counter packets 1 ")
                .contains("10.1.0.1 counter packets 0 ");
    }

    @Test
    void aBridgeJoinsCables() {
        LabHost hub = lab.host("hub");
        List<LabInterface> ports = new ArrayList<>();
        List<LabHost> spokes = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            LabHost spoke = lab.host("spoke" + i);
            LabLink link = lab.link(spoke, hub);
            link.left().address("10.1.0." + i + "/24");
            spokes.add(spoke);
            ports.add(link.right());
        }
        hub.bridge(ports.toArray(LabInterface[]::new)).address("10.1.0.254/24");

        assertThat(spokes.get(0).reaches("10.1.0.3")).isTrue();
        assertThat(spokes.get(1).reaches("10.1.0.254")).isTrue();
    }

    @Test
    void aFailedCommandIsNamedWithWhatItSaid() {
        LabHost a = lab.host("a");

        assertThatThrownBy(() -> a.run("ip", "link", "show", "nowhere"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("ip link show nowhere: exit status 1: Device \"nowhere\" does not exist.");
        assertThatThrownBy(() -> lab.host("a"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("File exists");
        assertThat(a.execute("sh", "-c", "echo out; echo err >&2; exit 3"))
                .extracting(CommandResult::status, CommandResult::stdout, CommandResult::stderr)
                .containsExactly(3, "out\n", "err\n");
    }

    @Test
    void closingEndsAllProcessesAlsoDetachedOnesAndRemovesTheHosts() {
        LabHost a = lab.host("a");
        Process started = a.start("sh", "-c", "sleep 1000 & sleep 1000");
        a.run("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &");
        Process stubborn = a.start("sh", "-c", "trap '' TERM; while :; do sleep 1000; done");
        assertThat(Lab.poll(SOON, () -> LabHost.processesIn(a.namespace()).size() >= 6))
                .isTrue();
        List<ProcessHandle> all = LabHost.processesIn(a.namespace()).stream()
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .toList();
        assertThat(all).contains(started.toHandle(), stubborn.toHandle());

        lab.close();

        assertThat(Lab.poll(SOON, () -> all.stream().noneMatch(ProcessHandle::isAlive)))
                .isTrue();
        assertThat(a.namespacePath()).doesNotExist();
        assertThatThrownBy(() -> lab.host("b")).hasMessage("the lab is closed");
    }

    @Test
    void whatAKilledJvmLeftIsRemovedAndWhatALivingOneHasIsNot() throws Exception {
        LabHost alive = lab.host("a");
        Process other = java("killed");
        String namespace = other.inputReader().readLine();
        assertThat(namespace).startsWith("anubis-" + other.pid() + "-");
        assertThat(Lab.exists(namespace)).isTrue();
        Lab.removeLeftovers();
        assertThat(Lab.exists(namespace)).as("while its process lives").isTrue();

        other.destroyForcibly().waitFor();
        assertThat(Lab.exists(namespace)).as("after kill -9").isTrue();
        Lab.removeLeftovers();

        assertThat(Lab.exists(namespace)).isFalse();
        assertThat(alive.namespacePath()).exists();
    }

    @Test
    void aLabEndsWithItsJvm() throws Exception {
        Process other = java("ended");
        String namespace = other.inputReader().readLine();
        assertThat(Lab.exists(namespace)).isTrue();

        other.destroy();
        other.waitFor();

        assertThat(Lab.exists(namespace)).isFalse();
    }

    @Test
    void aUserWithoutRootHasALabInAUserNamespace() throws Exception {
        assumeTrue(
                new ProcessBuilder("unshare", "-Urnm", "true").start().waitFor() == 0,
                "no unprivileged user namespaces on this machine");
        List<String> command = new ArrayList<>(
                List.of("unshare", "-Urnm", "sh", "-c", "mount -t tmpfs tmpfs /run; exec \"$@\"", "sh"));
        command.addAll(javaCommand("ping"));

        Process other = new ProcessBuilder(command).redirectErrorStream(true).start();

        assertThat(new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("true\n");
        assertThat(other.waitFor()).isZero();
    }

    private static Process java(String what) throws Exception {
        return new ProcessBuilder(javaCommand(what))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static List<String> javaCommand(String what) throws Exception {
        List<String> classes = new ArrayList<>();
        for (Class<?> each : List.of(Lab.class, OtherJvm.class)) {
            classes.add(each.getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI()
                    .getPath());
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-cp",
                String.join(File.pathSeparator, classes),
                OtherJvm.class.getName(),
                what);
    }
}
