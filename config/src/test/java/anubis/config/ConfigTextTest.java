package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.crypto.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConfigTextTest {
    private static final String FILE = """
            # the hub
            [Interface]
            ListenPort = 51820 # as everywhere
            Address = 10.0.0.1/24
            Address = fd00::1/64
            #: ExtraPorts = 53 on eth0
            PostUp = echo %i # hello

            [Peer] # the first
            #: Name = xena
            PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
            AllowedIPs = 10.0.0.2/32
            Endpoint = xena.example.org:51820

            # the second
            [peer]
            publickey=TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=
            allowedips=10.0.0.3/32,10.1.0.0/16
            """;

    private static String saved(DeviceChange change, String... addresses) throws ConfigException {
        return saved(FILE, change, addresses);
    }

    private static String saved(String file, DeviceChange change, String... addresses) throws ConfigException {
        QuickConfig config = QuickConfig.parse("wg0.conf", file);
        HostState state = HostState.of("wg0", config, HostStateTest.FACTS);
        UapiDevice device = new UapiDevice(Optional.empty(), 51820, 0, List.of())
                .after(DeviceChange.adding(state.wireguard()))
                .after(change);
        Observed now = new Observed(1420, true, Set.of(), device, Set.of(), Set.of(), true);
        return ConfigText.saved(
                file,
                config,
                state,
                now,
                List.of(addresses).stream().map(Cidr::parse).toList());
    }

    private static DeviceChange change(PeerChange... peers) {
        return new DeviceChange(Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, List.of(peers));
    }

    private static PeerChange update(String key, AllowedIps ips, String endpoint, int keepalive) {
        return new PeerChange(
                PublicKey.ofBase64(key),
                PeerChange.Mode.ADD_OR_UPDATE,
                Optional.empty(),
                Optional.of(Endpoint.parse(endpoint)),
                OptionalInt.of(keepalive),
                Optional.of(ips));
    }

    @Test
    void whatHasNotChangedStaysAsItWasWritten() throws ConfigException {
        assertThat(saved(change(), "fd00::1/64", "10.0.0.1/24")).isEqualTo(FILE);
    }

    /** To wg, and so to us, white space counts nowhere. */
    @Test
    void aSectionIsKnownHoweverItIsWritten() throws ConfigException {
        String odd = FILE.replace("[Interface]", "[ Inter face ]")
                .replace("[peer]", "[ Peer ]")
                .replace("publickey=", "Public Key = ")
                .replace("allowedips=", "Allowed\tIPs =");
        assertThat(saved(odd, change(), "fd00::1/64", "10.0.0.1/24")).isEqualTo(odd);
    }

    @Test
    void whatHasChangedIsWrittenWhereItStood() throws ConfigException {
        String first = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        DeviceChange change = change(
                update(first, AllowedIps.exactly(List.of(Cidr.parse("10.0.0.9/32"))), "192.0.2.1:7", 25),
                PeerChange.remove(PublicKey.ofBase64("TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=")),
                update(
                        "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=",
                        AllowedIps.exactly(List.of(Cidr.parse("10.0.0.4/32"))),
                        "192.0.2.2:8",
                        0));

        assertThat(saved(change, "10.0.0.1/24")).isEqualTo("""
                # the hub
                [Interface]
                ListenPort = 51820 # as everywhere
                Address = 10.0.0.1/24
                #: ExtraPorts = 53 on eth0
                PostUp = echo %i # hello

                [Peer] # the first
                #: Name = xena
                PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
                AllowedIPs = 10.0.0.9/32
                Endpoint = xena.example.org:51820
                PersistentKeepalive = 25

                [Peer]
                PublicKey = gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=
                AllowedIPs = 10.0.0.4/32
                Endpoint = 192.0.2.2:8
                """);
    }

    @Test
    void stripLeavesWhatWgUnderstands() {
        assertThat(ConfigText.strip(FILE)).isEqualTo(stripped());
    }

    private static String stripped() {
        List<String> lines = new ArrayList<>(FILE.lines().toList());
        lines.removeIf(line -> line.startsWith("Address") || line.startsWith("PostUp"));
        return String.join("\n", lines) + "\n\n";
    }
}
