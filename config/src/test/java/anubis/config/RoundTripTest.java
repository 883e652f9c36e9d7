package anubis.config;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.config.ConfigParser.Dialect;
import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** What is written is read again as what it was. */
class RoundTripTest {
    /** Bytes of which many are zero, so that runs of zeros in addresses come in every place. */
    private static Arbitrary<byte[]> bytes(int length) {
        return Arbitraries.frequencyOf(Tuple.of(2, Arbitraries.just((byte) 0)), Tuple.of(1, Arbitraries.bytes()))
                .array(byte[].class)
                .ofSize(length);
    }

    /** Keys that are not zero, which would mean none. */
    private static Arbitrary<byte[]> keys() {
        return Arbitraries.bytes().array(byte[].class).ofSize(32).map(key -> {
            key[0] |= 1;
            return key;
        });
    }

    @Provide
    static Arbitrary<InetAddress> addresses() {
        return Arbitraries.of(4, 16).flatMap(RoundTripTest::bytes).map(IpLiteral::of);
    }

    private static Arbitrary<Cidr> prefixes() {
        return addresses()
                .flatMap(address -> Arbitraries.integers()
                        .between(0, 8 * address.getAddress().length)
                        .map(length -> new Cidr(address, length)));
    }

    private static Arbitrary<Endpoint> endpoints() {
        return Combinators.combine(addresses(), Arbitraries.integers().between(0, 65535))
                .as((address, port) -> new Endpoint(IpLiteral.format(address), port));
    }

    private static Arbitrary<UapiPeer> peers() {
        return Combinators.combine(
                        keys().map(PublicKey::of),
                        keys().map(PresharedKey::of).optional(),
                        endpoints().optional(),
                        Arbitraries.integers().between(0, 65535),
                        prefixes().list().ofMaxSize(5),
                        Arbitraries.longs().greaterOrEqual(0),
                        Arbitraries.longs()
                                .between(1, 1L << 33)
                                .map(seconds -> Instant.ofEpochSecond(seconds, 7))
                                .optional())
                .as((key, psk, endpoint, keepalive, ips, count, handshake) ->
                        new UapiPeer(key, psk, 1, endpoint, keepalive, ips, count, count / 2, handshake));
    }

    @Provide
    Arbitrary<UapiDevice> devices() {
        return Combinators.combine(
                        keys().map(PrivateKey::of).optional(),
                        Arbitraries.integers().between(0, 65535),
                        Arbitraries.longs().between(0, 0xffff_ffffL),
                        peers().list().ofMaxSize(4))
                .as(UapiDevice::new);
    }

    @Property
    void addresses(@ForAll("addresses") InetAddress address) throws UnknownHostException {
        String text = IpLiteral.format(address);
        assertThat(IpLiteral.parse(text)).contains(address);
        // Another parser than ours reads the same; it takes mapped addresses for IPv4.
        assertThat(InetAddress.ofLiteral(text)).isEqualTo(InetAddress.getByAddress(address.getAddress()));
    }

    @Property(tries = 300)
    void configurationFiles(@ForAll("devices") UapiDevice device) throws ConfigException {
        WireGuardConfig config = device.config();
        WireGuardConfig read = ConfigParser.parse("file", config.showconf(), Dialect.WG);
        assertThat(read).isEqualTo(withoutZeros(config));
    }

    @Property(tries = 300)
    void requests(@ForAll("devices") UapiDevice device) throws ProtocolException {
        String request = DeviceChange.replacing(device.config()).request();
        assertThat(request).startsWith("set=1\n").endsWith("\n\n");
        assertThat(UapiReply.parse(request.strip()).config()).isEqualTo(device.config());
    }

    private static WireGuardConfig withoutZeros(WireGuardConfig config) {
        InterfaceConfig device = config.device();
        List<PeerConfig> peers = config.peers().stream()
                .map(peer -> new PeerConfig(
                        peer.publicKey(),
                        Optional.empty(),
                        peer.presharedKey(),
                        peer.allowedIps(),
                        peer.endpoint(),
                        nonZero(peer.persistentKeepalive())))
                .toList();
        OptionalLong mark = device.fwMark().stream().filter(value -> value != 0).findAny();
        return new WireGuardConfig(
                new InterfaceConfig(device.privateKey(), nonZero(device.listenPort()), mark), peers, List.of());
    }

    private static OptionalInt nonZero(OptionalInt value) {
        return value.stream().filter(number -> number != 0).findAny();
    }
}
