package anubis.host;

import anubis.config.Cidr;
import anubis.config.ConfigException;
import anubis.config.QuickConfig;
import anubis.config.UapiDevice;
import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What others have to be told of a WireGuard interface of this host.
 *
 * @param port the UDP port; nothing if it is not fixed
 * @param addresses with the lengths of their networks' prefixes; none that are valid on one link only
 */
public record OwnEnd(String name, PublicKey publicKey, OptionalInt port, List<Cidr> addresses) {
    private static final String SUFFIX = ".conf";

    public OwnEnd {
        addresses = addresses.stream()
                .filter(each -> !each.address().isLinkLocalAddress())
                .toList();
    }

    /**
     * The only interface of this host: that is up, or else that has a configuration in {@code /etc/wireguard}.
     *
     * @throws IOException if there is none, or more than one; the message names them
     */
    public static String only() throws IOException {
        List<String> names = WireGuardInterface.names();
        if (names.isEmpty() && Files.isDirectory(ConfigFile.DIRECTORY)) {
            try (Stream<Path> files = Files.list(ConfigFile.DIRECTORY)) {
                names = files.map(file -> String.valueOf(file.getFileName()))
                        .filter(file -> file.endsWith(SUFFIX))
                        .map(file -> file.substring(0, file.length() - SUFFIX.length()))
                        .sorted()
                        .toList();
            }
        }
        if (names.size() == 1) {
            return names.getFirst();
        }
        throw new IOException(
                names.isEmpty()
                        ? "this host has no WireGuard interface, and no configuration of one in " + ConfigFile.DIRECTORY
                                + ": write one, and bring it up with 'anubis up'"
                        : "this host has several WireGuard interfaces: name one of " + names + " with --interface");
    }

    /**
     * What there is of the interface {@code name}: it itself if it is up, or else its configuration in
     * {@code /etc/wireguard}.
     *
     * @throws IOException if there is neither, or it has no private key; the message tells what to do
     * @throws ConfigException if the configuration is wrong
     */
    public static OwnEnd find(String name) throws IOException, ConfigException {
        if (Observer.exists(name)) {
            UapiDevice device = WireGuardInterface.of(name).get();
            List<Cidr> addresses = Observer.addresses(name).stream()
                    .sorted(Comparator.comparing(Cidr::toString))
                    .toList();
            return of(name, device.privateKey(), OptionalInt.of(device.listenPort()), addresses);
        }
        if (!Files.exists(ConfigFile.DIRECTORY.resolve(name + SUFFIX))) {
            throw new IOException("there is no interface " + name + ", and no " + ConfigFile.DIRECTORY + "/" + name
                    + SUFFIX + ": write that, with the private key and the address of this host, or name another"
                    + " interface with --interface");
        }
        QuickConfig config = ConfigFile.read(name).lint().orThrow();
        return of(
                name,
                config.wireguard().device().privateKey(),
                config.wireguard().device().listenPort(),
                config.addresses());
    }

    private static OwnEnd of(String name, Optional<PrivateKey> key, OptionalInt port, List<Cidr> addresses)
            throws IOException {
        PublicKey publicKey = key.orElseThrow(() -> new IOException(
                        name + " has no private key: 'anubis genkey' makes one, for PrivateKey in its configuration"))
                .publicKey(Primitives.get());
        return new OwnEnd(name, publicKey, port.orElse(0) == 0 ? OptionalInt.empty() : port, addresses);
    }
}
