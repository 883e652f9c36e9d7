package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import anubis.gate.GateSetup.HubWish;
import anubis.gate.GateSetup.Told;
import anubis.gate.GateSetup.Wish;
import anubis.host.OwnEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateSetupTest {
    private static final PublicKey PRODUCTION = PublicKey.ofBase64("GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=");
    private static final String HUB_KEY = "lZOTDB6eC7qjPtXMz0T1fZE2RGgd2GKGDjmqgiWXbBo=";
    private static final OwnEnd OWN = new OwnEnd(
            "wg0",
            PRODUCTION,
            OptionalInt.of(51_820),
            Stream.of("10.9.0.1/24", "fd00:9::1/64", "fe80::1/64")
                    .map(Cidr::parse)
                    .toList());
    private static final Wish CLIENT =
            new Wish(Optional.empty(), List.of(GateSetup.hubAddress("cloud=" + HUB_KEY + "@192.0.2.7")));

    @TempDir
    private Path folder;

    private Path file() {
        return folder.resolve("anubis/gate.toml");
    }

    private Path key() {
        return folder.resolve("wireguard/gate.priv");
    }

    private GateSetup setup() {
        return new GateSetup(file(), key());
    }

    private static Wish hub(String name, String endpoint, String... allowedIps) {
        return new Wish(
                Optional.of(new HubWish(
                        Optional.of(name).filter(each -> !each.isEmpty()),
                        GateSetup.endpoint(endpoint),
                        Stream.of(allowedIps).map(Cidr::parse).toList())),
                List.of());
    }

    private String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aHubIsWrittenAndItsClientsAreToldOfIt() throws Exception {
        Told told = setup().write(OWN, hub("jacinth", "vpn.example.org", "10.0.0.0/8"));

        String gateKey = PrivateKey.ofBase64(Files.readString(key()).strip())
                .publicKey(Primitives.get())
                .base64();
        Path publicKey = folder.resolve("wireguard/gate.pub");
        assertThat(publicKey).hasContent(gateKey);
        assertThat(told.made()).containsExactly(key(), publicKey, file());
        assertThat(List.of(mode(key()), mode(publicKey), mode(file())))
                .containsExactly("rw-------", "rw-r--r--", "rw-r--r--");
        assertThat(List.of(mode(folder.resolve("wireguard")), mode(folder.resolve("anubis"))))
                .containsExactly("rwx------", "rwxr-xr-x");
        assertThat(told.config().hub()).hasValueSatisfying(hub -> {
            assertThat(hub.name()).isEqualTo("jacinth");
            assertThat(hub.endpoints()).hasToString("[vpn.example.org:51820]");
            assertThat(hub.allowedIps()).hasToString("[10.0.0.0/8]");
        });
        assertThat(told.elsewhere())
                .containsExactly(new GateSetup.Command(
                        "each client", "anubis gate init --ask jacinth=" + gateKey + "@vpn.example.org:4297"));
    }

    @Test
    void whatIsNotSaidOfAHubIsFoundOut() throws Exception {
        Told told = setup().write(OWN, hub("", "[2001:db8::1]:443"));

        assertThat(told.config().hub()).hasValueSatisfying(hub -> {
            assertThat(hub.name()).isNotEmpty();
            assertThat(hub.endpoints()).hasToString("[[2001:db8::1]:443]");
            assertThat(hub.allowedIps()).hasToString("[10.9.0.0/24, fd00:9::/64]");
        });
        assertThat(told.elsewhere().getFirst().line()).endsWith("@[2001:db8::1]:4297");
        assertThat(GateSetup.hubAddress(told.elsewhere().getFirst().line().split(" ", -1)[4])
                        .endpoint())
                .isEqualTo(new Endpoint("2001:db8::1", 4297));
    }

    @Test
    void aClientIsWrittenAndItsHubIsToldOfIt() throws Exception {
        Told told = setup().write(OWN, CLIENT);

        assertThat(told.config().hubs()).hasToString(CLIENT.asks().toString());
        assertThat(told.elsewhere()).singleElement().satisfies(command -> {
            assertThat(command.who()).isEqualTo("cloud");
            assertThat(command.line())
                    .startsWith("anubis gate peer add ")
                    .endsWith(" --gate-key " + told.gateKey() + " --production-key " + PRODUCTION
                            + " --allowed-ips 10.9.0.1/32,fd00:9::1/128");
        });
    }

    @Test
    void aHubThatTellsAnotherIsAHubThere() throws Exception {
        Told told = setup().write(OWN, new Wish(hub("jacinth", "192.0.2.1").hub(), CLIENT.asks()));

        assertThat(told.elsewhere().getFirst().line())
                .isEqualTo("anubis gate peer add jacinth --hub --gate-key " + told.gateKey() + " --production-key "
                        + PRODUCTION + " --allowed-ips ''");
    }

    @Test
    void whatIsThereIsUsedAndNotOverwritten() throws Exception {
        Files.createDirectory(folder.resolve("wireguard"));
        Files.writeString(key(), "oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrUE=\n");
        Files.setPosixFilePermissions(key(), PosixFilePermissions.fromString("rw-------"));

        Told told = setup().write(OWN, CLIENT);

        assertThat(told.made()).doesNotContain(key());
        assertThat(key()).hasContent("oK56DE9Ue9zK76rAc8pBl6opph+1v36lm7cXXsQKrUE=");
        String before = Files.readString(file());
        assertThatThrownBy(() -> setup().write(OWN, CLIENT))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file() + " is there already, and is not overwritten: edit it, or move it away");
        assertThat(file()).hasContent(before);
    }

    @Test
    void aPublicKeyOfAnotherIsTold() throws Exception {
        Files.createDirectory(folder.resolve("wireguard"));
        Path publicKey = Files.writeString(folder.resolve("wireguard/gate.pub"), HUB_KEY);

        assertThatThrownBy(() -> setup().write(OWN, CLIENT))
                .hasMessage(publicKey + ": it is not the public key of " + key()
                        + ": move it away, and the right one is written");
        assertThat(file()).doesNotExist();
        assertThat(publicKey).hasContent(HUB_KEY);
    }

    @Test
    void aFileWithoutAKeyIsToldAndStays() throws Exception {
        Files.createDirectory(folder.resolve("wireguard"));
        Files.writeString(key(), "secret");
        Files.setPosixFilePermissions(key(), PosixFilePermissions.fromString("rw-------"));

        assertThatThrownBy(() -> setup().write(OWN, CLIENT))
                .hasMessage(key() + ": it has no private key in it: move it away, and a new one is made");
        assertThat(key()).hasContent("secret");
    }

    @Test
    void whatCannotBeIsToldBeforeAnythingIsWritten() {
        OwnEnd bare = new OwnEnd("wg0", PRODUCTION, OptionalInt.empty(), List.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> setup().write(OWN, new Wish(Optional.empty(), List.of())))
                .withMessageStartingWith("say what this host is: a hub, with --endpoint HOST:PORT, or a client of one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> setup().write(bare, hub("a", "192.0.2.1", "10.0.0.0/8")))
                .withMessageStartingWith("wg0 has no fixed port: give it one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> setup().write(bare, hub("a", "192.0.2.1:5")))
                .withMessageStartingWith("wg0 has no address to tell clients of");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> setup().write(OWN, hub("a b", "192.0.2.1")))
                .withMessage("'a b' is no name of a hub: it has 1 to 63 letters, digits or _ . -");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> setup().write(
                                OWN,
                                new Wish(
                                        Optional.empty(),
                                        List.of(
                                                CLIENT.asks().getFirst(),
                                                GateSetup.hubAddress("jacinth=" + HUB_KEY + "@192.0.2.1")))))
                .withMessage("two hubs have the name or the key of 'cloud'");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aHubThatIsNoneIsTold() {
        String zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GateSetup.hubAddress("cloud"))
                .withMessage("write NAME=GATEKEY@HOST:PORT, as 'anubis gate init' prints it on the hub");
        assertThatIllegalArgumentException().isThrownBy(() -> GateSetup.hubAddress("cloud=x@192.0.2.1"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GateSetup.hubAddress("cloud=" + zero + "@192.0.2.1"))
                .withMessage("nobody has a private key to the gate key of 'cloud'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GateSetup.hubAddress("cloud=" + HUB_KEY + "@192.0.2.1:0"))
                .withMessage("the port is not a number from 1 to 65535");
    }
}
