package anubis.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A configuration file as text, whose comments and order count. */
public final class ConfigText {
    private static final Set<String> QUICK = Stream.of(QuickSetting.Key.values())
            .filter(key -> !key.extension())
            .map(key -> lower(key.name()))
            .collect(Collectors.toSet());

    private ConfigText() {}

    /** A section: comments right above its header, the header (which what stands first has not), and what is below. */
    private static final class Section {
        final List<String> lines = new ArrayList<>();
        int header = -1;

        boolean is(String name) {
            return header >= 0
                    && name.equals(lower(withoutComment(lines.get(header)).replaceAll("\\s", "")));
        }

        /** The value of a key, in whatever case: of the last line that has it. */
        Optional<String> value(String key) {
            return lines.stream()
                    .filter(line -> sets(line, key))
                    .map(line -> withoutComment(line.substring(line.indexOf('=') + 1))
                            .strip())
                    .reduce((_, last) -> last);
        }

        /** Gives a key this value where it stands, or at the end; without a value, takes it away. */
        void set(String key, Optional<String> value) {
            int at = -1;
            for (int i = lines.size() - 1; i > header; i--) {
                if (sets(lines.get(i), key)) {
                    lines.remove(i);
                    at = i;
                }
            }
            if (value.isPresent()) {
                lines.add(at < 0 ? end() : at, key + " = " + value.get());
            }
        }

        /** Behind the last line that is not blank. */
        private int end() {
            int end = lines.size();
            while (end > header + 1 && lines.get(end - 1).isBlank()) {
                end--;
            }
            return end;
        }
    }

    /**
     * What {@code wg-quick strip} prints of {@code text}: what {@code wg} understands, each line without the white space
     * around it, and an empty line at the end.
     */
    public static String strip(String text) {
        StringBuilder out = new StringBuilder();
        boolean inInterface = false;
        for (String raw : lines(text)) {
            String line = raw.strip();
            String key = key(line);
            if (withoutComment(line).strip().startsWith("[")) {
                inInterface = lower(withoutComment(line).strip()).equals("[interface]");
            }
            if (!inInterface || !QUICK.contains(key)) {
                out.append(line).append('\n');
            }
        }
        return out.append('\n').toString();
    }

    /**
     * The file with what has changed since: keys, port, mark, MTU and addresses of the interface, and its peers. All else
     * stays as it was written, and so does an endpoint that is a name.
     *
     * @param config what {@code text} says
     * @param asked what it was taken to mean, with addresses for names
     * @param addresses that the interface has now, but for those that the kernel gave it
     */
    public static String saved(String text, QuickConfig config, HostState asked, Observed now, List<Cidr> addresses) {
        List<Section> sections = sections(text);
        Map<String, UapiPeer> left = now.device().peers().stream()
                .collect(Collectors.toMap(
                        peer -> peer.publicKey().toString(),
                        Function.identity(),
                        (peer, _) -> peer,
                        LinkedHashMap::new));
        List<Section> kept = new ArrayList<>();
        boolean told = false;
        for (Section section : sections) {
            if (section.is("[interface]") && !told) {
                told = true;
                saveInterface(section, config, asked, now, addresses);
            } else if (section.is("[peer]")) {
                Optional<UapiPeer> peer = section.value("PublicKey")
                        .map(key -> key.replaceAll("\\s", ""))
                        .map(left::remove);
                if (peer.isEmpty()) {
                    continue;
                }
                savePeer(section, peer.get());
            }
            kept.add(section);
        }
        StringBuilder out = new StringBuilder();
        kept.forEach(section -> section.lines.forEach(line -> out.append(line).append('\n')));
        left.values().forEach(peer -> {
            Section section = new Section();
            section.header = 0;
            section.lines.add("[Peer]");
            section.lines.add("PublicKey = " + peer.publicKey());
            savePeer(section, peer);
            out.append(out.indexOf("\n\n", out.length() - 2) < 0 ? "\n" : "")
                    .append(String.join("\n", section.lines))
                    .append('\n');
        });
        return out.toString();
    }

    private static void saveInterface(
            Section section, QuickConfig config, HostState asked, Observed now, List<Cidr> addresses) {
        InterfaceConfig before = asked.wireguard().device();
        UapiDevice device = now.device();
        if (!device.privateKey().equals(before.privateKey())) {
            section.set("PrivateKey", device.privateKey().map(key -> KeyText.base64(key.bytes())));
        }
        if (before.listenPort().isPresent() && before.listenPort().getAsInt() != device.listenPort()) {
            section.set("ListenPort", Optional.of(String.valueOf(device.listenPort())));
        }
        if (before.fwMark().orElse(0) != device.fwMark()) {
            section.set(
                    "FwMark",
                    Optional.of(device.fwMark()).filter(mark -> mark != 0).map(mark -> "0x" + Long.toHexString(mark)));
        }
        if (config.mtu().isPresent() && config.mtu().getAsInt() != now.mtu()) {
            section.set("MTU", Optional.of(String.valueOf(now.mtu())));
        }
        if (!Set.copyOf(addresses).equals(Set.copyOf(config.addresses()))) {
            section.set(
                    "Address",
                    Optional.of(addresses.stream().map(Cidr::toString).collect(Collectors.joining(", ")))
                            .filter(list -> !list.isEmpty()));
        }
    }

    private static void savePeer(Section section, UapiPeer peer) {
        Optional<String> presharedKey = peer.presharedKey().map(key -> KeyText.base64(key.bytes()));
        if (!section.value("PresharedKey").equals(presharedKey)) {
            section.set("PresharedKey", presharedKey);
        }
        Set<Cidr> written = section.lines.stream()
                .filter(line -> sets(line, "AllowedIPs"))
                .flatMap(line -> Stream.of(withoutComment(line.substring(line.indexOf('=') + 1))
                        .replaceAll("\\s", "")
                        .split(",", -1)))
                .filter(prefix -> !prefix.isEmpty())
                .map(prefix -> Cidr.parse(prefix.replace("+", "")).masked())
                .collect(Collectors.toCollection(HashSet::new));
        if (!written.equals(Set.copyOf(peer.allowedIps()))) {
            section.set(
                    "AllowedIPs",
                    Optional.of(peer.allowedIps().stream().map(Cidr::toString).collect(Collectors.joining(", ")))
                            .filter(list -> !list.isEmpty()));
        }
        boolean named = section.value("Endpoint")
                .map(text -> !Endpoint.parse(text.replaceAll("\\s", "")).isLiteral())
                .orElse(false);
        if (!named && peer.endpoint().isPresent()) {
            section.set("Endpoint", peer.endpoint().map(Endpoint::toString));
        }
        Optional<String> keepalive = Optional.of(peer.persistentKeepalive())
                .filter(seconds -> seconds != 0)
                .map(String::valueOf);
        if (!section.value("PersistentKeepalive")
                .filter(text -> !text.equals("0") && !lower(text).equals("off"))
                .equals(keepalive)) {
            section.set("PersistentKeepalive", keepalive);
        }
    }

    private static List<Section> sections(String text) {
        List<Section> sections = new ArrayList<>(List.of(new Section()));
        for (String line : lines(text)) {
            if (withoutComment(line).strip().startsWith("[")) {
                sections.add(begin(sections.getLast()));
            }
            sections.getLast().lines.add(line);
        }
        return sections;
    }

    /** A section that takes along the comments above it. */
    private static Section begin(Section previous) {
        Section section = new Section();
        while (previous.lines.size() > previous.header + 1
                && previous.lines.getLast().strip().startsWith("#")) {
            section.lines.addFirst(previous.lines.removeLast());
        }
        section.header = section.lines.size();
        return section;
    }

    private static List<String> lines(String text) {
        return text.lines().toList();
    }

    private static String key(String line) {
        String plain = withoutComment(line);
        int equals = plain.indexOf('=');
        return equals < 0 ? "" : lower(plain.substring(0, equals).strip());
    }

    /** Whether a line has a value of this key; as for wg, white space counts nowhere. */
    private static boolean sets(String line, String key) {
        return key(line).replaceAll("\\s", "").equals(lower(key));
    }

    private static String withoutComment(String line) {
        int comment = line.indexOf('#');
        return comment < 0 ? line : line.substring(0, comment);
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }
}
