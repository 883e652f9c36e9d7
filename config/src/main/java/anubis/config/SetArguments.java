package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;

/** Reads what stands behind the interface in {@code wg set}; the value of a setting that is repeated is the last. */
public final class SetArguments {
    private static final int MAX_PORT = 65535;
    private static final byte[] NO_KEY = new byte[32];

    private final Iterator<String> words;
    private final Outside outside;
    private final List<PeerChange> peers = new ArrayList<>();
    private Optional<Peer> peer = Optional.empty();
    private Optional<PrivateKey> privateKey = Optional.empty();
    private OptionalInt listenPort = OptionalInt.empty();
    private OptionalLong fwMark = OptionalLong.empty();

    /** What the arguments only name. */
    public interface Outside {
        /** The text of the file of a key; empty for a key that is to be removed. */
        String read(String file) throws IOException;

        /** The same endpoint with an address for its name. */
        Endpoint resolve(Endpoint endpoint) throws IOException;
    }

    /** The peer whose settings are being read. */
    private static final class Peer {
        final PublicKey publicKey;
        boolean removed;
        Optional<PresharedKey> presharedKey = Optional.empty();
        Optional<Endpoint> endpoint = Optional.empty();
        OptionalInt persistentKeepalive = OptionalInt.empty();
        Optional<AllowedIps> allowedIps = Optional.empty();

        Peer(PublicKey publicKey) {
            this.publicKey = publicKey;
        }

        PeerChange change() {
            return removed
                    ? PeerChange.remove(publicKey)
                    : new PeerChange(
                            publicKey,
                            PeerChange.Mode.ADD_OR_UPDATE,
                            presharedKey,
                            endpoint,
                            persistentKeepalive,
                            allowedIps);
        }
    }

    private SetArguments(List<String> words, Outside outside) {
        this.words = words.iterator();
        this.outside = outside;
    }

    /**
     * The change that the arguments ask for.
     *
     * @throws IllegalArgumentException if they are not such arguments
     * @throws IOException if {@code outside} fails, or a file does not hold a key; the text is not repeated
     */
    public static DeviceChange parse(List<String> words, Outside outside) throws IOException {
        SetArguments arguments = new SetArguments(words, outside);
        while (arguments.words.hasNext()) {
            arguments.setting(arguments.words.next());
        }
        arguments.endPeer();
        return new DeviceChange(arguments.privateKey, arguments.listenPort, arguments.fwMark, false, arguments.peers);
    }

    private void setting(String name) throws IOException {
        if (name.equals("peer")) {
            endPeer();
            peer = Optional.of(new Peer(publicKey(value(name))));
        } else if (peer.isPresent()) {
            peerSetting(peer.get(), name);
        } else {
            interfaceSetting(name);
        }
    }

    private void interfaceSetting(String name) throws IOException {
        switch (name) {
            case "private-key" -> privateKey = Optional.of(key(value(name), PrivateKey::ofBase64, PrivateKey::of));
            case "listen-port" -> {
                String value = value(name);
                listenPort = OptionalInt.of(Decimals.parse(value, MAX_PORT));
                require(listenPort.getAsInt() >= 0, name, value, "a number from 0 to 65535, 0 for any free port");
            }
            case "fwmark" -> {
                String value = value(name);
                fwMark = OptionalLong.of(ConfigParser.mark(value));
                require(fwMark.getAsLong() >= 0, name, value, "off, or a number from 0 to 0xffffffff");
            }
            default -> throw unknown(name);
        }
    }

    private void peerSetting(Peer to, String name) throws IOException {
        switch (name) {
            case "remove" -> to.removed = true;
            case "preshared-key" ->
                to.presharedKey = Optional.of(key(value(name), PresharedKey::ofBase64, PresharedKey::of));
            case "endpoint" -> to.endpoint = Optional.of(outside.resolve(endpoint(name, value(name))));
            case "persistent-keepalive" -> {
                String value = value(name);
                int seconds = value.equalsIgnoreCase("off") ? 0 : Decimals.parse(value, MAX_PORT);
                require(seconds >= 0, name, value, "off, or seconds from 1 to 65535");
                to.persistentKeepalive = OptionalInt.of(seconds);
            }
            case "allowed-ips" -> to.allowedIps = Optional.of(allowedIps(to, name, value(name)));
            default -> throw unknown(name);
        }
    }

    private void endPeer() {
        peer.ifPresent(ended -> peers.add(ended.change()));
    }

    private String value(String name) {
        if (!words.hasNext()) {
            throw new IllegalArgumentException(name + " needs a value");
        }
        return words.next();
    }

    private static PublicKey publicKey(String value) {
        try {
            return KeyText.fromBase64(value, PublicKey::ofBase64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("peer: not a public key: " + e.getMessage(), e);
        }
    }

    private <K> K key(String file, Function<String, K> ofBase64, Function<byte[], K> ofBytes) throws IOException {
        String text = outside.read(file);
        try {
            return text.isEmpty() ? ofBytes.apply(NO_KEY) : KeyText.fromBase64(text.stripTrailing(), ofBase64);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " holds no key: " + e.getMessage(), e);
        }
    }

    private static Endpoint endpoint(String name, String value) {
        try {
            return Endpoint.parse(value);
        } catch (IllegalArgumentException e) {
            throw wrong(name, value, e.getMessage() + ": 192.0.2.1:51820, [2001:db8::1]:51820 or name:51820");
        }
    }

    /** What is given more than once adds up. */
    private static AllowedIps allowedIps(Peer to, String name, String value) {
        AllowedIps before = to.allowedIps.orElse(AllowedIps.exactly(List.of()));
        boolean incremental = before.incremental();
        List<Cidr> added = new ArrayList<>(before.prefixes());
        List<Cidr> removed = new ArrayList<>(before.removed());
        String list = value.replaceAll("\\s", "");
        for (String each : list.isEmpty() ? new String[0] : list.split(",", -1)) {
            boolean plus = each.startsWith("+");
            boolean minus = each.startsWith("-");
            incremental |= plus || minus;
            try {
                (minus ? removed : added).add(Cidr.parse(plus || minus ? each.substring(1) : each));
            } catch (IllegalArgumentException e) {
                throw wrong(name, each, e.getMessage() + ": 10.0.0.0/8 or 2001:db8::/32, separated by commas");
            }
        }
        return new AllowedIps(incremental, added, removed);
    }

    private static void require(boolean valid, String name, String value, String remedy) {
        if (!valid) {
            throw wrong(name, value, remedy);
        }
    }

    private static IllegalArgumentException wrong(String name, String value, String remedy) {
        return new IllegalArgumentException(name + ": '" + value + "' will not do: write " + remedy);
    }

    private IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("'" + name + "' is no setting of "
                + (peer.isPresent()
                        ? "a peer: remove, preshared-key, endpoint, persistent-keepalive or allowed-ips"
                        : "an interface: listen-port, fwmark, private-key or peer"));
    }
}
