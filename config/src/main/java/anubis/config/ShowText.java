package anubis.config;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What {@code wg show} prints of an interface, to the byte: for people, and a field at a time for scripts. */
public final class ShowText {
    private static final String RESET = "\033[0m";
    private static final String BOLD = "\033[1m";
    private static final String RED = "\033[31m";
    private static final String GREEN = "\033[32m";
    private static final String YELLOW = "\033[33m";
    private static final String CYAN = "\033[36m";
    private static final Pattern ESCAPE = Pattern.compile("\033\\[[0-9]+m");

    private static final String NONE = "(none)";
    private static final String OFF = "off";
    private static final String HIDDEN = "(hidden)";
    private static final String[] BINARY_UNITS = {"KiB", "MiB", "GiB", "TiB"};
    private static final long[] SECONDS = {365 * 86_400L, 86_400, 3_600, 60, 1};
    private static final String[] SPANS = {"year", "day", "hour", "minute", "second"};
    private static final Comparator<UapiPeer> LATEST_HANDSHAKE_FIRST = Comparator.comparing(
            (UapiPeer peer) -> peer.latestHandshake().orElse(Instant.MIN), Comparator.reverseOrder());

    private ShowText() {}

    /** How {@link #pretty} prints. */
    public enum Style {
        PLAIN,
        /** With the escape sequences of a terminal. */
        COLOURED
    }

    /** Whether {@link #pretty} prints the private key and the preshared keys. */
    public enum Secrets {
        HIDDEN,
        SHOWN
    }

    /** All of the interface for people to read, at the moment {@code now}. */
    public static String pretty(String name, UapiDevice device, Instant now, Style style, Secrets secrets) {
        StringBuilder out = new StringBuilder(RESET);
        out.append(GREEN).append(BOLD).append("interface").append(RESET).append(": ");
        out.append(GREEN).append(name).append(RESET).append('\n');
        device.privateKey().ifPresent(key -> {
            line(out, "public key", key.publicKey().base64());
            line(out, "private key", secret(secrets, key.bytes()));
        });
        if (device.listenPort() != 0) {
            line(out, "listening port", String.valueOf(device.listenPort()));
        }
        if (device.fwMark() != 0) {
            line(out, "fwmark", mark(device));
        }
        for (UapiPeer peer :
                device.peers().stream().sorted(LATEST_HANDSHAKE_FIRST).toList()) {
            out.append('\n');
            pretty(out, peer, now, secrets);
        }
        return style == Style.COLOURED ? out.toString() : ESCAPE.matcher(out).replaceAll("");
    }

    private static void pretty(StringBuilder out, UapiPeer peer, Instant now, Secrets secrets) {
        out.append(YELLOW).append(BOLD).append("peer").append(RESET).append(": ");
        out.append(YELLOW).append(peer.publicKey()).append(RESET).append('\n');
        peer.presharedKey().ifPresent(key -> line(out, "preshared key", secret(secrets, key.bytes())));
        peer.endpoint().ifPresent(endpoint -> line(out, "endpoint", endpoint.toString()));
        line(out, "allowed ips", allowedIps(peer, ", ").replace("/", coloured("/")));
        peer.latestHandshake()
                .filter(time -> time.getEpochSecond() != 0)
                .ifPresent(time -> line(out, "latest handshake", ago(now.getEpochSecond() - time.getEpochSecond())));
        if ((peer.rxBytes() | peer.txBytes()) != 0) {
            line(out, "transfer", bytes(peer.rxBytes()) + " received, " + bytes(peer.txBytes()) + " sent");
        }
        if (peer.persistentKeepalive() != 0) {
            line(out, "persistent keepalive", "every " + span(peer.persistentKeepalive()));
        }
    }

    private static void line(StringBuilder out, String label, String value) {
        out.append("  ").append(BOLD).append(label).append(RESET).append(": ");
        out.append(value).append('\n');
    }

    private static String secret(Secrets secrets, byte[] key) {
        String text = KeyText.base64(key);
        return secrets == Secrets.SHOWN ? text : HIDDEN;
    }

    private static String ago(long seconds) {
        if (seconds == 0) {
            return "Now";
        }
        return seconds < 0
                ? "(" + RED + "System clock wound backward; connection problems may ensue." + RESET + ")"
                : span(seconds) + " ago";
    }

    private static String span(long seconds) {
        List<String> parts = new ArrayList<>();
        long left = seconds;
        for (int i = 0; i < SECONDS.length; i++) {
            long count = left / SECONDS[i];
            left %= SECONDS[i];
            if (count != 0) {
                parts.add(count + " " + coloured(SPANS[i] + (count == 1 ? "" : "s")));
            }
        }
        return String.join(", ", parts);
    }

    private static String bytes(long count) {
        if (count < 1024) {
            return count + " " + coloured("B");
        }
        int unit = 0;
        double value = count / 1024.0;
        while (value >= 1024 && unit < BINARY_UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        // As printf does it: the exact value is rounded, half to even. String.format rounds half up.
        return new BigDecimal(value).setScale(2, RoundingMode.HALF_EVEN) + " " + coloured(BINARY_UNITS[unit]);
    }

    private static String coloured(String text) {
        return CYAN + text + RESET;
    }

    /** One field, for scripts; each line begins with {@code name} if that is given. */
    public static String field(ShowField field, Optional<String> name, UapiDevice device) {
        StringBuilder out = new StringBuilder();
        String prefix = name.map(given -> given + "\t").orElse("");
        for (String line : lines(field, device)) {
            out.append(prefix).append(line).append('\n');
        }
        return out.toString();
    }

    private static List<String> lines(ShowField field, UapiDevice device) {
        return switch (field) {
            case PUBLIC_KEY -> List.of(publicKey(device));
            case PRIVATE_KEY -> List.of(privateKey(device));
            case LISTEN_PORT -> List.of(String.valueOf(device.listenPort()));
            case FWMARK -> List.of(mark(device));
            case DUMP -> {
                List<String> lines = new ArrayList<>();
                lines.add(String.join(
                        "\t",
                        privateKey(device),
                        publicKey(device),
                        String.valueOf(device.listenPort()),
                        mark(device)));
                device.peers().forEach(peer -> lines.add(dump(peer)));
                yield lines;
            }
            case PEERS, PRESHARED_KEYS, ENDPOINTS, ALLOWED_IPS, LATEST_HANDSHAKES, TRANSFER, PERSISTENT_KEEPALIVE ->
                device.peers().stream()
                        .map(peer -> peer.publicKey() + value(field, peer))
                        .toList();
        };
    }

    private static String value(ShowField field, UapiPeer peer) {
        return switch (field) {
            case PRESHARED_KEYS -> "\t" + presharedKey(peer);
            case ENDPOINTS -> "\t" + endpoint(peer);
            case ALLOWED_IPS -> "\t" + allowedIps(peer, " ");
            case LATEST_HANDSHAKES -> "\t" + handshake(peer);
            case TRANSFER -> "\t" + peer.rxBytes() + "\t" + peer.txBytes();
            case PERSISTENT_KEEPALIVE -> "\t" + keepalive(peer);
            default -> "";
        };
    }

    private static String dump(UapiPeer peer) {
        return String.join(
                "\t",
                peer.publicKey().base64(),
                presharedKey(peer),
                endpoint(peer),
                allowedIps(peer, ","),
                handshake(peer),
                String.valueOf(peer.rxBytes()),
                String.valueOf(peer.txBytes()),
                keepalive(peer));
    }

    private static String publicKey(UapiDevice device) {
        return device.privateKey().map(key -> key.publicKey().base64()).orElse(NONE);
    }

    private static String privateKey(UapiDevice device) {
        return device.privateKey().map(key -> KeyText.base64(key.bytes())).orElse(NONE);
    }

    private static String mark(UapiDevice device) {
        return device.fwMark() == 0 ? OFF : "0x" + Long.toHexString(device.fwMark());
    }

    private static String presharedKey(UapiPeer peer) {
        return peer.presharedKey().map(key -> KeyText.base64(key.bytes())).orElse(NONE);
    }

    private static String endpoint(UapiPeer peer) {
        return peer.endpoint().map(Endpoint::toString).orElse(NONE);
    }

    private static String allowedIps(UapiPeer peer, String separator) {
        return peer.allowedIps().isEmpty()
                ? NONE
                : peer.allowedIps().stream().map(Cidr::toString).collect(Collectors.joining(separator));
    }

    private static String handshake(UapiPeer peer) {
        return String.valueOf(
                peer.latestHandshake().map(Instant::getEpochSecond).orElse(0L));
    }

    private static String keepalive(UapiPeer peer) {
        return peer.persistentKeepalive() == 0 ? OFF : String.valueOf(peer.persistentKeepalive());
    }
}
