package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import anubis.lab.LabInterface;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan with gates, put in force on two hubs and a laptop: nothing but {@code apply} and what its page says is done. */
final class PlannedGateTest {
    @TempDir
    Path directory;

    @Test
    void aHostGoesOverToTheOtherHubAndThePlanHolds() throws Exception {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        try (Lab lab = Lab.open()) {
            LabHost wild = lab.host("wild");
            OwnFiles surya = host(lab, wild, "surya", "198.51.100.8/24");
            OwnFiles deva = host(lab, wild, "deva", "198.51.100.9/24");
            OwnFiles xena = host(lab, wild, "xena", "198.51.100.77/24");
            wild.bridge(
                    Stream.of("eth0", "eth1", "eth2").map(wild::interfaceNamed).toArray(LabInterface[]::new));
            String description = description(surya, deva, xena);
            for (OwnFiles each : List.of(surya, deva, xena)) {
                each.write("etc/anubis/network.toml", description);
                apply(each);
            }
            for (OwnFiles hub : List.of(surya, deva)) {
                hub.execute("gate", "peer", "import", "/etc/anubis/gate-peers.toml")
                        .orThrow();
            }
            for (OwnFiles each : List.of(surya, deva, xena)) {
                Path log = directory.resolve(each.host().name() + ".log");
                each.start(log, "gate", "run");
                RoutedLab.await("its gate", () -> read(log).contains("ready"));
            }
            assertThat(xena.host().reaches("10.42.0.1")).isTrue();
            assertThat(xena.execute("show", "wg0", "endpoints").orThrow()).contains("198.51.100.8");

            xena.execute("gate", "use", "deva").orThrow();

            RoutedLab.await("the other hub's word", () -> surya.host().reaches("10.42.0.3"));
            assertThat(xena.host().reaches("10.42.0.2")).isTrue();
            assertThat(xena.host().reaches("10.42.0.1")).isTrue();
            assertThat(deva.execute("show", "wg0", "allowed-ips").orThrow()).contains("10.42.0.3/32");
            assertThat(drift(xena, "usual").orThrow()).isEmpty();
            assertThat(apply(xena)).isEmpty();
            // As it is now is another situation of the plan; its files are not there.
            assertThat(drift(surya, "over").stdout().lines()).containsExactly("file /etc/wireguard/wg0.conf");
        }
    }

    private OwnFiles host(Lab lab, LabHost wild, String name, String address) throws IOException {
        LabHost host = lab.host(name);
        lab.link(wild, host).right().address(address);
        return OwnFiles.of(host, directory.resolve(name));
    }

    private static String description(OwnFiles surya, OwnFiles deva, OwnFiles xena) throws IOException {
        return """
                name = "Gates"
                wireguard = ["10.42.0.0/24"]
                gate-port = 4297
                [networks.wild]
                kind = "wild"
                addresses = ["198.51.100.0/24"]
                [networks.cell]
                kind = "wild"
                nat = true
                addresses = ["100.64.0.0/24"]
                [hosts.surya]
                role = "cloud"
                wg = 1
                on.wild = 8
                %s
                [hosts.deva]
                role = "cloud"
                wg = 2
                on.wild = 9
                hub = "surya"
                %s
                [hosts.xena]
                role = "roaming"
                wg = 3
                hub = "surya"
                %s
                [[situations]]
                name = "usual"
                away.xena = "cell"
                [[situations]]
                name = "over"
                away.xena = "cell"
                using.xena = "deva"
                """.formatted(keys(surya), keys(deva), keys(xena));
    }

    private static String keys(OwnFiles host) throws IOException {
        return "key = \"" + host.key("etc/wireguard/wg0.key") + "\"\ngate-key = \""
                + host.key("etc/wireguard/gate.priv") + "\"";
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "";
        }
    }

    private static String apply(OwnFiles host) {
        return host.execute("apply").orThrow();
    }

    private static CommandResult drift(OwnFiles host, String situation) {
        return host.execute("drift", "-s", situation);
    }
}
