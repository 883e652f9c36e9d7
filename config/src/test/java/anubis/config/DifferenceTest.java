package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The order of the steps, and that they lead where they should. */
class DifferenceTest {
    private static final UapiDevice EMPTY = new UapiDevice(Optional.empty(), 51820, 0, List.of());
    private static final Observed FRESH = new Observed(1420, false, Set.of(), EMPTY, Set.of(), Set.of(), false);

    private static final String PLAIN = HostStateTest.KEY + "AllowedIPs = 10.0.0.0/8\nEndpoint = 192.0.2.1:1\n";
    private static final String LOOPING = HostStateTest.KEY + "AllowedIPs = 10.0.0.0/8\nEndpoint = 10.1.1.1:1\n";

    private static HostState state(String device, String... peers) throws ConfigException {
        return HostStateTest.state(
                HostStateTest.FACTS, "[Interface]", device, "[Peer]", String.join("\n[Peer]\n", peers));
    }

    /** The host on which a state is in force. */
    static Observed inForce(HostState state) {
        return new Observed(
                state.mtu(),
                true,
                new HashSet<>(state.addresses()),
                new UapiDevice(
                        state.wireguard().device().privateKey(),
                        51820,
                        state.wireguard().device().fwMark().orElse(0),
                        state.wireguard().peers().stream()
                                .map(peer -> new UapiPeer(
                                        peer.publicKey(),
                                        peer.presharedKey(),
                                        1,
                                        peer.endpoint(),
                                        peer.persistentKeepalive().orElse(0),
                                        peer.allowedIps().prefixes(),
                                        0,
                                        0,
                                        Optional.empty()))
                                .toList()),
                state.routes(),
                new HashSet<>(state.rules()),
                true);
    }

    private static List<String> words(List<Step> steps) {
        return steps.stream()
                .map(step -> step.describe().replaceAll(" (protocol|proto) 202|peer xTI[^:]*: ", ""))
                .toList();
    }

    @Test
    void whatIsSoAlreadyNeedsNoStep() throws ConfigException {
        HostState state = state("Address = 10.0.0.1/24", LOOPING);

        assertThat(Difference.between(Optional.of(state), inForce(state), state))
                .isEmpty();
    }

    @Test
    void aNewInterfaceIsSetBeforeItIsUpAndRoutedAfter() throws ConfigException {
        HostState state = state("Address = 10.0.0.1/24\nMTU = 1400\nDNS = 10.0.0.53, example.org", PLAIN);

        assertThat(words(Difference.between(Optional.empty(), FRESH, state)))
                .containsExactly(
                        "device: endpoint 192.0.2.1:1, allowed IPs 10.0.0.0/8",
                        "ip link set dev wg0 mtu 1400",
                        "ip address add 10.0.0.1/24 dev wg0",
                        "nft: table inet anubis-wg0",
                        "ip link set dev wg0 up",
                        "ip route add 10.0.0.0/8 dev wg0 table 254",
                        "name servers of wg0: 10.0.0.53; domains: example.org");
    }

    @Test
    void aLoopThatAppearsIsExemptedBeforeTheEndpointIsSet() throws ConfigException {
        HostState plain = state("", PLAIN);

        assertThat(words(Difference.between(Optional.of(plain), inForce(plain), state("", LOOPING))))
                .containsExactly(
                        "device: mark 0xca60",
                        "sysctl net.ipv4.conf.all.src_valid_mark=1",
                        "nft: table inet anubis-wg0",
                        "ip route add 10.0.0.0/8 dev wg0 table 51808",
                        "ip rule add pref 20768 lookup 254 suppress_prefixlength 8",
                        "ip rule add not fwmark 0xca60/0xfffffff0 pref 20769 lookup 51808 suppress_prefixlength 7",
                        "ip route del 10.0.0.0/8 dev wg0 table 254",
                        "device: endpoint 10.1.1.1:1");
    }

    @Test
    void aLoopThatVanishesKeepsItsExemptionUntilTheEndpointIsElsewhere() throws ConfigException {
        HostState looping = state("", LOOPING);

        assertThat(words(Difference.between(Optional.of(looping), inForce(looping), state("", PLAIN))))
                .containsExactly(
                        "nft: table inet anubis-wg0",
                        "device: endpoint 192.0.2.1:1",
                        "ip route add 10.0.0.0/8 dev wg0 table 254",
                        "ip rule del not fwmark 0xca60/0xfffffff0 pref 20769 lookup 51808 suppress_prefixlength 7",
                        "ip rule del pref 20768 lookup 254 suppress_prefixlength 8",
                        "ip route del 10.0.0.0/8 dev wg0 table 51808",
                        "device: mark 0x0");
    }

    @Test
    void packetsWithANewMarkPassTheOldRulesUntilTheseAreGone() throws ConfigException {
        HostState looping = state("", LOOPING);

        assertThat(words(Difference.between(Optional.of(looping), inForce(looping), state("FwMark = 0x77", LOOPING))))
                .containsExactly(
                        "ip rule add fwmark 0x77 pref 19999 lookup 254",
                        "ip -6 rule add fwmark 0x77 pref 19999 lookup 254",
                        "device: mark 0x77",
                        "nft: table inet anubis-wg0",
                        "ip route add 10.0.0.0/8 dev wg0 table 119",
                        "ip rule add not fwmark 0x77 pref 20769 lookup 119 suppress_prefixlength 7",
                        "ip rule del not fwmark 0xca60/0xfffffff0 pref 20769 lookup 51808 suppress_prefixlength 7",
                        "ip route del 10.0.0.0/8 dev wg0 table 51808",
                        "ip rule del fwmark 0x77 pref 19999 lookup 254",
                        "ip -6 rule del fwmark 0x77 pref 19999 lookup 254");
    }

    @Test
    void whatAHookHasSetStaysAndWhatTheFileHadSaidGoes() throws ConfigException {
        String key = HostStateTest.KEY.substring(12);
        HostState silent = state("", PLAIN);
        HostState telling = state(
                "PrivateKey = " + key + "FwMark = 7", PLAIN + "PresharedKey = " + key + "PersistentKeepalive = 25");

        assertThat(Difference.between(Optional.of(silent), inForce(telling), silent))
                .isEmpty();
        assertThat(words(Difference.between(Optional.of(telling), inForce(telling), silent)))
                .containsExactly("device: private key; no preshared key, keepalive 0 s", "device: mark 0x0");
    }

    @Test
    void anyPortWillDoWhereNoneIsAskedFor() throws ConfigException {
        HostState state = state("ListenPort = 0", PLAIN);

        assertThat(Difference.between(Optional.of(state), inForce(state), state))
                .isEmpty();
    }

    @Test
    void onlyThePeerThatChangesIsTouched() throws ConfigException {
        String other = HostStateTest.OTHER + "AllowedIPs = 172.16.0.0/12\n";
        HostState one = state("", PLAIN, other);
        HostState two = state("", PLAIN, other + "PersistentKeepalive = 25");

        assertThat(words(Difference.between(Optional.of(one), inForce(one), two)))
                .containsExactly("device: peer TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=: keepalive 25 s");
    }

    @Test
    void anEndpointThatRoamedIsLeftAloneWhenTheFileSaysWhatItSaid() throws ConfigException {
        HostState state = state("", PLAIN);
        Observed roamed = inForce(state("", PLAIN.replace("192.0.2.1", "198.51.100.9")));

        assertThat(Difference.between(Optional.of(state), roamed, state)).isEmpty();
        assertThat(words(Difference.between(Optional.of(state), roamed, state("", PLAIN.replace(".1:1", ".7:1")))))
                .containsExactly("device: endpoint 192.0.2.7:1");
    }

    @Test
    void whatOthersAddedIsLeftAlone() throws ConfigException {
        HostState state = state("Address = 10.0.0.1/24", PLAIN);
        Observed now = inForce(state);
        Set<Cidr> addresses = new HashSet<>(now.addresses());
        addresses.add(Cidr.parse("10.5.5.5/32"));
        Observed more = new Observed(1420, true, addresses, now.device(), now.routes(), now.rules(), true);

        assertThat(words(Difference.between(Optional.of(state), more, state("Address = 10.0.0.2/24", PLAIN))))
                .containsExactly("ip address add 10.0.0.2/24 dev wg0", "ip address del 10.0.0.1/24 dev wg0");
    }

    @Test
    void everyChangeOfTheDeviceCanBeTakenBack() throws ConfigException {
        HostState one = state("PrivateKey = " + HostStateTest.KEY.substring(12), PLAIN, HostStateTest.OTHER);
        HostState two = state("", LOOPING + "PersistentKeepalive = 7");

        List<Step> steps = Difference.between(Optional.of(one), inForce(one), two);

        assertThat(steps.stream()
                        .filter(Step.SetDevice.class::isInstance)
                        .map(step -> ((Step.SetDevice) step).undo().describe())
                        .collect(Collectors.joining("; ")))
                .contains("mark 0x0", "private key", "endpoint 192.0.2.1:1", "keepalive 0 s", "peer TrMv");
    }

    @Test
    void noStepTellsASecret() throws ConfigException {
        String secret = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        HostState state = state("PrivateKey = " + secret, PLAIN + "PresharedKey = " + secret);

        List<Step> steps = Difference.between(Optional.empty(), FRESH, state);

        assertThat(String.join("\n", words(steps))).doesNotContain(secret);
        assertThat(steps.toString()).doesNotContain(secret);
    }

    @Test
    void whatOutlivesTheInterfaceIsTakenAwayLastRuleFirst() throws ConfigException {
        HostState state = state("DNS = 10.0.0.53", LOOPING);

        assertThat(words(Difference.remains(state, new HashSet<>(state.rules()))))
                .containsExactly(
                        "name servers of wg0: ",
                        "ip rule del not fwmark 0xca60/0xfffffff0 pref 20769 lookup 51808 suppress_prefixlength 7",
                        "ip rule del pref 20768 lookup 254 suppress_prefixlength 8",
                        "nft: table inet anubis-wg0");
    }
}
