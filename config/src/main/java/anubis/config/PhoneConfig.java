package anubis.config;

import anubis.config.ConfigException.Problem;
import anubis.crypto.PublicKey;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What of a configuration the WireGuard apps of phones understand, in as few characters as can say it: each peer is
 * allowed the same addresses by fewer prefixes.
 *
 * @param text the configuration, with its keys
 * @param leftOut the settings, in order and each once, that these apps refuse and that would have done something
 */
public record PhoneConfig(String text, List<String> leftOut) {
    /** The setting that grows. */
    public static final String ALLOWED_IPS = "AllowedIPs";

    /** Containers before what they contain. */
    private static final Comparator<Cidr> ORDER = Comparator.comparing(Cidr::six)
            .thenComparing(prefix -> prefix.address().getAddress(), Arrays::compareUnsigned)
            .thenComparingInt(Cidr::length);

    public PhoneConfig {
        leftOut = List.copyOf(leftOut);
    }

    /**
     * What a phone needs of {@code config}.
     *
     * @param file what the errors call it
     * @throws ConfigException if it lacks what every phone needs, a private key and an address
     */
    public static PhoneConfig of(String file, QuickConfig config) throws ConfigException {
        InterfaceConfig device = config.wireguard().device();
        List<Problem> lacking = Stream.of(
                        lacking(file, "PrivateKey", device.privateKey().isEmpty()),
                        lacking(file, "Address", config.addresses().isEmpty()))
                .flatMap(Optional::stream)
                .toList();
        if (!lacking.isEmpty()) {
            throw new ConfigException(lacking);
        }
        Text out = new Text();
        out.section("Interface");
        device.privateKey().ifPresent(key -> out.setting("PrivateKey", KeyText.base64(key.bytes())));
        out.list("Address", config.addresses().stream().map(PhoneConfig::brief));
        out.list("DNS", Stream.concat(config.dns().servers().stream(), config.dns().domains().stream()));
        config.mtu().ifPresent(mtu -> out.setting("MTU", mtu));
        device.listenPort().stream().filter(port -> port != 0).forEach(port -> out.setting("ListenPort", port));
        Set<PublicKey> overlapping = overlapping(config.wireguard().peers());
        for (PeerConfig peer : config.wireguard().peers()) {
            List<Cidr> prefixes = peer.allowedIps().prefixes();
            out.section("Peer");
            out.setting("PublicKey", peer.publicKey());
            peer.presharedKey().ifPresent(key -> out.setting("PresharedKey", KeyText.base64(key.bytes())));
            out.list(
                    ALLOWED_IPS,
                    (overlapping.contains(peer.publicKey())
                                    ? prefixes.stream().map(Cidr::masked).distinct()
                                    : aggregated(prefixes).stream())
                            .map(PhoneConfig::brief));
            peer.endpoint().ifPresent(endpoint -> out.setting("Endpoint", endpoint));
            peer.persistentKeepalive().stream()
                    .filter(seconds -> seconds != 0)
                    .forEach(seconds -> out.setting("PersistentKeepalive", seconds));
        }
        return new PhoneConfig(out.toString(), leftOut(config));
    }

    private static Optional<Problem> lacking(String file, String key, boolean missing) {
        return missing
                ? Optional.of(new Problem(file, 1, key, "a phone cannot do without", "add it below [Interface]"))
                : Optional.empty();
    }

    private static List<String> leftOut(QuickConfig config) {
        Stream<String> mark = config.wireguard().device().fwMark().stream()
                .filter(value -> value != 0)
                .mapToObj(_ -> "FwMark");
        Stream<String> quick = config.wireguard().quick().stream()
                .map(QuickSetting::key)
                .filter(key -> switch (key) {
                    case Address, DNS, MTU, ExtraPorts, Kernel -> false; // ours are comments to others
                    case Table -> !(config.table() instanceof QuickConfig.Table.Auto);
                    case SaveConfig -> config.saveConfig();
                    case PreUp, PostUp, PreDown, PostDown -> true;
                })
                .map(Enum::name);
        return Stream.concat(mark, quick).distinct().toList();
    }

    /** Capital digits, because a QR code has a set of characters with none but those. */
    private static String brief(Cidr prefix) {
        return (prefix.equals(Cidr.host(prefix.address())) ? IpLiteral.format(prefix.address()) : prefix.toString())
                .toUpperCase(Locale.ROOT);
    }

    /**
     * The peers of which a prefix covers, or is covered by, one of another peer. There the longest prefix decides, so theirs
     * have to stay as they are.
     */
    private static Set<PublicKey> overlapping(Collection<PeerConfig> peers) {
        PrefixMap<PublicKey> owners = new PrefixMap<>();
        Set<PublicKey> overlapping = new HashSet<>();
        BiConsumer<PublicKey, PublicKey> meet = (one, other) -> {
            if (!one.equals(other)) {
                overlapping.add(one);
                overlapping.add(other);
            }
        };
        for (PeerConfig peer : peers) {
            for (Cidr prefix : peer.allowedIps().prefixes()) {
                owners.add(prefix, peer.publicKey()).ifPresent(owner -> meet.accept(owner, peer.publicKey()));
            }
        }
        for (PeerConfig peer : peers) {
            peer.allowedIps().prefixes().stream()
                    .flatMap(owners::covering)
                    .forEach(covering -> meet.accept(covering.getValue(), peer.publicKey()));
        }
        return overlapping;
    }

    /**
     * The fewest prefixes that hold the same addresses, except that none becomes all of IPv4 or IPv6 that was not: to the apps,
     * such a one is a wish to block what does not go through the tunnel.
     */
    static List<Cidr> aggregated(Collection<Cidr> prefixes) {
        Deque<Cidr> found = new ArrayDeque<>();
        for (Cidr each : prefixes.stream().map(Cidr::masked).sorted(ORDER).toList()) {
            Cidr next = each;
            if (!found.isEmpty() && found.getLast().contains(next)) {
                continue;
            }
            while (next.length() > 1 && !found.isEmpty() && found.getLast().length() == next.length()) {
                Cidr both = new Cidr(next.address(), next.length() - 1).masked();
                if (!both.contains(found.getLast())) {
                    break;
                }
                found.removeLast();
                next = both;
            }
            found.addLast(next);
        }
        return List.copyOf(found);
    }

    @Override
    public String toString() {
        return "PhoneConfig(" + text.length() + " characters)";
    }

    /** Lines without blanks. */
    private static final class Text {
        private final StringBuilder text = new StringBuilder();

        void section(String name) {
            line("[" + name + "]");
        }

        void setting(String key, Object value) {
            line(key + "=" + value);
        }

        void list(String key, Stream<String> values) {
            String all = values.collect(Collectors.joining(","));
            if (!all.isEmpty()) {
                setting(key, all);
            }
        }

        private void line(String line) {
            text.append(text.isEmpty() ? "" : "\n").append(line);
        }

        @Override
        public String toString() {
            return text.toString();
        }
    }
}
