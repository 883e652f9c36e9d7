package anubis.config;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads configuration files: wg(8), CONFIGURATION FILE FORMAT, and the settings that wg-quick(8) adds. It takes what
 * {@code wg} takes (white space anywhere, keys in any case, the last of a repeated key, sections in any order), and
 * besides {@code AllowedIPs} that are empty or incremental, as newer releases of {@code wg} do. It refuses ports that
 * {@code wg} would cut to 16 bits, and names of services for ports.
 */
public final class ConfigParser {
    private static final int LONGEST_WORD = 24;
    private static final Pattern SHOWABLE = Pattern.compile("[0-9A-Fa-f:./%+-]{1,50}|\\p{Print}{1,24}");
    private static final Pattern HEX_MARK = Pattern.compile("0x0{0,50}[0-9A-Fa-f]{1,8}");
    private static final String EXTENSION = "#:";
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_.-][\\p{L}\\p{N}_. '@-]{0,62}");
    /** The settings of wg, as they are spelled. */
    private static final List<String> OF_INTERFACE = List.of("PrivateKey", "ListenPort", "FwMark");

    private static final List<String> OF_PEER =
            List.of("PublicKey", "PresharedKey", "AllowedIPs", "Endpoint", "PersistentKeepalive");

    private static final List<String> SETTINGS = Stream.of(
                    OF_INTERFACE.stream(),
                    OF_PEER.stream(),
                    Stream.of(QuickSetting.Key.values()).map(Enum::name),
                    Stream.of("Name"))
            .flatMap(Function.identity())
            .toList();

    /** The section of each, by its name in small letters. */
    private static final Map<String, String> HOMES = Stream.concat(
                    OF_INTERFACE.stream().map(name -> Map.entry(name, "[Interface]")),
                    OF_PEER.stream().map(name -> Map.entry(name, "[Peer]")))
            .collect(Collectors.toMap(entry -> entry.getKey().toLowerCase(Locale.ROOT), Map.Entry::getValue));

    private static final int MAX_PORT = 65535;
    private static final long MAX_MARK = 0xffff_ffffL;

    /** Whose settings a file may contain. */
    public enum Dialect {
        /** What {@code wg setconf} takes. */
        WG,
        /** That, and wg-quick's settings in the [Interface] section. */
        WG_QUICK
    }

    private enum Section {
        NONE,
        INTERFACE,
        PEER
    }

    private final String file;
    private final Dialect dialect;
    private final List<ConfigException.Problem> problems = new ArrayList<>();
    private final List<PeerConfig> peers = new ArrayList<>();
    private final List<QuickSetting> quick = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private Section section = Section.NONE;
    private int line;
    private boolean extension;
    private Optional<PrivateKey> privateKey = Optional.empty();
    private OptionalInt listenPort = OptionalInt.empty();
    private OptionalLong fwMark = OptionalLong.empty();
    private PeerSection peer = new PeerSection(0);

    /**
     * Where something stands.
     *
     * @param peer which of the peers it is about, counted from 0; {@link #INTERFACE} for none
     * @param key the setting, in small letters, or {@code [interface]} or {@code [peer]}; one {@code allowedips} for each
     *     prefix, in their order
     * @param line counted from 1
     */
    record Place(int peer, String key, int line) {
        static final int INTERFACE = -1;
    }

    /** A configuration, and where in the file each part of it stands, in the order of lines. */
    record Located(WireGuardConfig config, List<Place> places) {}

    /** The [Peer] section that is being read. */
    private static final class PeerSection {
        final int line;
        boolean keyGiven;
        Optional<PublicKey> publicKey = Optional.empty();
        Optional<PresharedKey> presharedKey = Optional.empty();
        boolean incremental;
        final List<Cidr> prefixes = new ArrayList<>();
        final List<Cidr> removed = new ArrayList<>();
        Optional<String> name = Optional.empty();
        Optional<Endpoint> endpoint = Optional.empty();
        OptionalInt persistentKeepalive = OptionalInt.empty();

        PeerSection(int line) {
            this.line = line;
        }
    }

    private ConfigParser(String file, Dialect dialect) {
        this.file = file;
        this.dialect = dialect;
    }

    /**
     * The configuration in {@code text}.
     *
     * @param file what the errors call it
     * @throws ConfigException naming everything that is wrong
     */
    public static WireGuardConfig parse(String file, String text, Dialect dialect) throws ConfigException {
        return locate(file, text, dialect).config();
    }

    /** As {@link #parse}, with the places of everything. */
    static Located locate(String file, String text, Dialect dialect) throws ConfigException {
        ConfigParser parser = new ConfigParser(file, dialect);
        for (String line : text.split("\n", -1)) {
            parser.line++;
            parser.line(line);
        }
        parser.endPeer();
        if (!parser.problems.isEmpty()) {
            throw new ConfigException(parser.problems);
        }
        return new Located(
                new WireGuardConfig(
                        new InterfaceConfig(parser.privateKey, parser.listenPort, parser.fwMark),
                        parser.peers,
                        parser.quick),
                List.copyOf(parser.places));
    }

    private void line(String whole) {
        // What goes beyond wg-quick hides from it in a comment.
        extension = dialect == Dialect.WG_QUICK && whole.strip().startsWith(EXTENSION);
        String raw = extension ? whole.substring(whole.indexOf(EXTENSION) + EXTENSION.length()) : whole;
        int comment = raw.indexOf('#');
        String stripped = comment < 0 ? raw : raw.substring(0, comment);
        String text = withoutSpace(stripped);
        if (text.isEmpty()) {
            return;
        }
        if (!extension && text.equalsIgnoreCase("[Interface]")) {
            begin(Section.INTERFACE);
        } else if (!extension && text.equalsIgnoreCase("[Peer]")) {
            begin(Section.PEER);
        } else {
            setting(stripped, text);
        }
    }

    /** As {@code wg} reads a line; it takes for space what isspace(3) does. */
    private static String withoutSpace(String line) {
        StringBuilder text = new StringBuilder(line.length());
        int from = 0;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == ' ' || (c >= '\t' && c <= '\r')) {
                text.append(line, from, i);
                from = i + 1;
            }
        }
        return from == 0 ? line : text.append(line, from, line.length()).toString();
    }

    private void begin(Section next) {
        endPeer();
        section = next;
        peer = new PeerSection(line);
        place(next == Section.PEER ? "[peer]" : "[interface]");
    }

    private void place(String key) {
        places.add(new Place(section == Section.PEER ? peers.size() : Place.INTERFACE, key, line));
    }

    private void endPeer() {
        if (section == Section.PEER && !peer.keyGiven) {
            problems.add(new ConfigException.Problem(
                    file, peer.line, "[Peer]", "this peer has no public key", "give it a PublicKey = …"));
        }
        peer.publicKey.ifPresent(key -> peers.add(new PeerConfig(
                key,
                peer.name,
                peer.presharedKey,
                new AllowedIps(peer.incremental, peer.prefixes, peer.removed),
                peer.endpoint,
                peer.persistentKeepalive)));
    }

    private void setting(String stripped, String text) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? "" : text.substring(0, equals);
        if (!isWord(name)) {
            // Not repeated: it may be a key that has lost its name.
            problem("line", "this is neither a section nor a setting", "write [Interface], [Peer] or Name = value");
            return;
        }
        String key = name.toLowerCase(Locale.ROOT);
        String value = text.substring(equals + 1);
        boolean known = switch (section) {
            case INTERFACE -> quickSetting(key, name, stripped) || (!extension && interfaceSetting(key, name, value));
            case PEER -> peerName(key, name, stripped) || (!extension && peerSetting(key, name, value));
            case NONE -> false;
        };
        if (!known) {
            unknown(key, name);
        } else if (!key.equals("allowedips")) {
            place(key);
        }
    }

    private static boolean isWord(String name) {
        for (int i = 0; i < name.length(); i++) {
            int letter = name.charAt(i) | 0x20;
            if (letter < 'a' || letter > 'z') {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= LONGEST_WORD;
    }

    private boolean interfaceSetting(String key, String name, String value) {
        switch (key) {
            case "privatekey" ->
                privateKey = key(name, value, PrivateKey::ofBase64).or(() -> privateKey);
            case "listenport" -> {
                int port = Decimals.parse(value, MAX_PORT);
                if (port < 0) {
                    wrong(name, value, "write a number from 0 to 65535, 0 for any free port");
                }
                listenPort = OptionalInt.of(port);
            }
            case "fwmark" -> {
                long mark = mark(value);
                if (mark < 0) {
                    wrong(name, value, "write off, or a number from 0 to 0xffffffff");
                }
                fwMark = OptionalLong.of(mark);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean quickSetting(String key, String name, String stripped) {
        for (QuickSetting.Key each : QuickSetting.Key.values()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(key)) {
                if (dialect == Dialect.WG) {
                    problem(name, "only wg-quick knows this setting", "remove it with strip, or use up");
                }
                misplaced(name, each.extension());
                // White space counts here: a hook is a command line.
                quick.add(new QuickSetting(line, each, value(stripped)));
                return true;
            }
        }
        return false;
    }

    private boolean peerName(String key, String name, String stripped) {
        if (!key.equals("name")) {
            return false;
        }
        misplaced(name, true);
        String value = value(stripped);
        if (NAME.matcher(value).matches()) {
            peer.name = Optional.of(value);
        } else {
            wrong(name, value, "write a name of 1 to 63 letters, digits, blanks and _.'@-");
        }
        return true;
    }

    private static String value(String stripped) {
        return stripped.substring(stripped.indexOf('=') + 1).strip();
    }

    /** A setting of ours would be an error to wg-quick, and one of wg-quick's in a comment would be lost on it. */
    private void misplaced(String name, boolean ours) {
        if (ours != extension) {
            problem(
                    name,
                    ours ? "wg-quick does not know this setting" : "this setting is in a comment",
                    ours ? "write it in a comment: #: " + name + " = …" : "write it without #:");
        }
    }

    private boolean peerSetting(String key, String name, String value) {
        switch (key) {
            case "publickey" -> {
                peer.keyGiven = true;
                peer.publicKey = key(name, value, PublicKey::ofBase64).or(() -> peer.publicKey);
            }
            case "presharedkey" ->
                peer.presharedKey = key(name, value, PresharedKey::ofBase64).or(() -> peer.presharedKey);
            case "allowedips" -> allowedIps(name, value);
            case "endpoint" -> {
                try {
                    peer.endpoint = Optional.of(Endpoint.parse(value));
                } catch (IllegalArgumentException e) {
                    wrong(name, value, because(e) + ": write 192.0.2.1:51820, [2001:db8::1]:51820 or name:51820");
                }
            }
            case "persistentkeepalive" -> {
                int seconds = value.equalsIgnoreCase("off") ? 0 : Decimals.parse(value, MAX_PORT);
                if (seconds < 0) {
                    wrong(name, value, "write off, or seconds from 1 to 65535");
                }
                peer.persistentKeepalive = OptionalInt.of(seconds);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void allowedIps(String name, String value) {
        for (String each : value.isEmpty() ? new String[0] : value.split(",", -1)) {
            boolean remove = each.startsWith("-");
            boolean add = each.startsWith("+");
            try {
                Cidr prefix = Cidr.parse(add || remove ? each.substring(1) : each);
                peer.incremental |= add || remove;
                (remove ? peer.removed : peer.prefixes).add(prefix);
                if (!remove) {
                    place("allowedips");
                }
            } catch (IllegalArgumentException e) {
                wrong(name, each, because(e) + ": write 10.0.0.0/8 or 2001:db8::/32, separated by commas");
            }
        }
    }

    static long mark(String value) {
        if (value.equalsIgnoreCase("off")) {
            return 0;
        }
        if (value.startsWith("0x")) {
            return HEX_MARK.matcher(value).matches() ? Long.parseLong(value, 2, value.length(), 16) : -1;
        }
        return Decimals.parse(value, MAX_MARK);
    }

    private <K> Optional<K> key(String name, String value, Function<String, K> ofBase64) {
        try {
            return Optional.of(KeyText.fromBase64(value, ofBase64));
        } catch (IllegalArgumentException e) {
            problem(name, "this is not a key", because(e));
            return Optional.empty();
        }
    }

    private void unknown(String key, String name) {
        String home = HOMES.getOrDefault(key, "");
        if (extension && !home.isEmpty()) {
            misplaced(name, false);
        } else if (home.isEmpty()) {
            problem(
                    name,
                    "there is no such setting" + inSection(),
                    Spelling.nearest(key, SETTINGS)
                            .map(nearest -> "write " + nearest + " if you mean that, or remove it")
                            .orElse("correct or remove it"));
        } else {
            problem(name, "this setting does not belong here", "move it below " + home);
        }
    }

    /** A setting's name as its manual spells it. */
    static String spelled(String key) {
        return SETTINGS.stream().filter(key::equalsIgnoreCase).findFirst().orElse(key);
    }

    private String inSection() {
        return switch (section) {
            case NONE -> "";
            case INTERFACE -> " in [Interface]";
            case PEER -> " in [Peer]";
        };
    }

    private void wrong(String name, String value, String remedy) {
        String shown = SHOWABLE.matcher(value).matches()
                ? "'" + value + "' will not do"
                : value.isEmpty() ? "the value is missing" : "a value of " + value.length() + " characters will not do";
        problem(name, shown, remedy);
    }

    private void problem(String key, String fault, String remedy) {
        problems.add(new ConfigException.Problem(file, line, key, fault, remedy));
    }

    private static String because(IllegalArgumentException e) {
        return String.valueOf(e.getMessage());
    }
}
