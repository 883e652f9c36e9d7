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
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is written is read again as what it was. */
class RoundTripTest {
    private static final int ROUNDS = 500;

    private final Random random = new Random(23);

    /** Bytes of which many are zero, so that runs of zeros in addresses come in every place. */
    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        for (int i = 0; i < length; i++) {
            bytes[i] = random.nextInt(3) == 0 ? bytes[i] : 0;
        }
        return bytes;
    }

    /** A key that is not zero, which would mean none. */
    private byte[] key() {
        byte[] key = bytes(32);
        key[0] |= 1;
        return key;
    }

    private InetAddress address() {
        return IpLiteral.of(bytes(random.nextBoolean() ? 4 : 16));
    }

    private Cidr prefix() {
        InetAddress address = address();
        return new Cidr(address, random.nextInt(8 * address.getAddress().length + 1));
    }

    /** A number of 16 bits, often one from the ends. */
    private int port() {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> 65_535;
            default -> random.nextInt(65_536);
        };
    }

    private <T> Optional<T> perhaps(Supplier<T> value) {
        return random.nextBoolean() ? Optional.of(value.get()) : Optional.empty();
    }

    private <T> List<T> upTo(int count, Supplier<T> value) {
        return Stream.generate(value).limit(random.nextInt(count + 1)).toList();
    }

    private UapiPeer peer() {
        long count = random.nextLong(Long.MAX_VALUE);
        return new UapiPeer(
                PublicKey.of(key()),
                perhaps(() -> PresharedKey.of(key())),
                1,
                perhaps(() -> new Endpoint(IpLiteral.format(address()), port())),
                port(),
                upTo(5, this::prefix),
                count,
                count / 2,
                perhaps(() -> Instant.ofEpochSecond(random.nextLong(1, 1L << 33), 7)));
    }

    private UapiDevice device() {
        return new UapiDevice(
                perhaps(() -> PrivateKey.of(key())),
                port(),
                random.nextBoolean() ? 0 : random.nextLong(1L << 32),
                upTo(4, this::peer));
    }

    @Test
    void addresses() throws UnknownHostException {
        for (int i = 0; i < 10 * ROUNDS; i++) {
            InetAddress address = address();
            String text = IpLiteral.format(address);
            assertThat(IpLiteral.parse(text)).contains(address);
            // Another parser than ours reads the same; it takes mapped addresses for IPv4.
            assertThat(InetAddress.ofLiteral(text)).isEqualTo(InetAddress.getByAddress(address.getAddress()));
        }
    }

    @Test
    void configurationFiles() throws ConfigException {
        for (int i = 0; i < ROUNDS; i++) {
            WireGuardConfig config = device().config();
            WireGuardConfig read = ConfigParser.parse("file", config.showconf(), Dialect.WG);
            assertThat(read).isEqualTo(withoutZeros(config));
        }
    }

    @Test
    void requests() throws ProtocolException {
        for (int i = 0; i < ROUNDS; i++) {
            WireGuardConfig config = device().config();
            String request = DeviceChange.replacing(config).request();
            assertThat(request).startsWith("set=1\n").endsWith("\n\n");
            assertThat(UapiReply.parse(request.strip()).config()).isEqualTo(config);
        }
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
