package anubis.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A part of what {@code wg show} tells of an interface, by its name on the command line. */
public enum ShowField {
    PUBLIC_KEY,
    PRIVATE_KEY,
    LISTEN_PORT,
    FWMARK,
    PEERS,
    PRESHARED_KEYS,
    ENDPOINTS,
    ALLOWED_IPS,
    LATEST_HANDSHAKES,
    TRANSFER,
    PERSISTENT_KEEPALIVE,
    /** All of it. */
    DUMP;

    /** The field that {@code wg show} calls {@code word}. */
    public static Optional<ShowField> of(String word) {
        return Arrays.stream(values())
                .filter(field -> field.toString().equals(word))
                .findFirst();
    }

    /** As on the command line: {@code public-key}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
