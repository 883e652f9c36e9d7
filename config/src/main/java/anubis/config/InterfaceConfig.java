package anubis.config;

import anubis.crypto.PrivateKey;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The [Interface] section. {@code listenPort} is a UDP port, 0 for any; {@code fwMark} the 32 bits (0 for none) that
 * mark the outgoing packets.
 */
public record InterfaceConfig(Optional<PrivateKey> privateKey, OptionalInt listenPort, OptionalLong fwMark) {
    public static final InterfaceConfig EMPTY =
            new InterfaceConfig(Optional.empty(), OptionalInt.empty(), OptionalLong.empty());
}
