package anubis.plan;

import anubis.config.Cidr;
import anubis.config.PeerConfig;
import anubis.config.QuickConfig;
import anubis.config.QuickConfig.Hook;
import anubis.config.QuickSetting;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.Kind.WireGuard;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.TableRoute;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What wg-quick(8) makes of a file: rules and routes of its own, and the commands in it as far as they are of the forms that
 * the plan writes, or that everybody does. Others are told by {@link #unknown}.
 */
final class QuickHooks {
    private static final int MTU = 1420;
    private static final int PORT_ANY = 49_152;

    private static final String FORWARDING_4 = "net.ipv4.conf.all.forwarding";
    private static final String FORWARDING_6 = "net.ipv6.conf.all.forwarding";
    private static final String SOURCE_CHECK = "net.ipv4.conf.all.rp_filter";
    private static final Set<String> SETTINGS = Set.of(FORWARDING_4, FORWARDING_6, SOURCE_CHECK);

    /** What changes nothing of where the packets go that are followed. */
    private static final Pattern NO_MATTER = Pattern.compile(
            "net\\.ipv[46]\\.(tcp_.*|conf\\..*\\.(src_valid_mark|accept_ra|accept_redirects|send_redirects"
                    + "|secure_redirects|accept_source_route|log_martians|promote_secondaries)|icmp_echo_ignore_broadcasts"
                    + "|icmp_ignore_bogus_error_responses|ip_local_port_range)");

    private static final Pattern OF_IP = Pattern.compile("-?net[./]ipv[46][./]");

    private static final Pattern PARTS = Pattern.compile("\\s*(?:;|&&)\\s*");
    /** Of a shell only: an option to say nothing, and what comes of a failure is nothing. All else may be another command. */
    private static final String WORDS = "[^|&;<>`$()]*";

    private static final Pattern HARMLESS = Pattern.compile(
            "(ip link set (dev )?%i (up|alias .*|(txqueuelen|qlen) \\d+)|true|:"
                    + "|(logger|echo) .*|ip( -[46])? rule (del|delete) (pref|priority) .*|ip( -[46])? route flush table \\d+)");
    private static final Pattern QUIET = Pattern.compile("(" + WORDS + "?)( 2>/dev/null)?( \\|\\| (true|:))?");
    /** What is taken away before anything of the file is there was somebody else's, but for what the kernel has by itself. */
    private static final Pattern TAKES_AWAY = Pattern.compile("ip( -[46])? (rule|route) .*");

    private static final Pattern KERNELS_OWN =
            Pattern.compile("(pref|priority) (0|32766|32767)\\b|table (253|254|255)\\b");
    private static final Pattern KEY = Pattern.compile("wg set %i private-key \\S+");
    private static final Pattern SETTING =
            Pattern.compile("(?:sysctl (?:-[wq]+ )*|-?)((?:net[./])[\\w./]+) ?= ?(\\d+)");
    private static final Pattern ECHO = Pattern.compile("echo \"?(\\d+)\"? ?> ?/proc/sys/(net/[\\w/]+)");
    private static final Pattern ACCEPT = Pattern.compile("(iptables|ip6tables) -[AI] FORWARD( -[io] \\S+)+ -j ACCEPT");
    private static final Pattern HIDE =
            Pattern.compile("(iptables|ip6tables) -t nat -[AI] POSTROUTING -o (\\S+) -j MASQUERADE");
    private static final String FIREWALL = ".nft";
    private static final Pattern NFT = Pattern.compile("nft -f (\\S+\\.nft)");

    private final ForeignFiles.File file;
    private final QuickConfig config;
    private final QuickRouting routing;
    private final List<Translation> translations = new ArrayList<>();
    private final List<String> unknown = new ArrayList<>();
    private final Map<String, Integer> settings = new LinkedHashMap<>();
    private Optional<Wall> wall = Optional.empty();
    private String uplink = "eth0";

    QuickHooks(ForeignFiles.File file) {
        this.file = file;
        config = file.config();
        routing = new QuickRouting(
                file.link(), config.wireguard().device().fwMark().orElse(0));
        file.others().forEach(this::other);
        hooks(QuickSetting.Key.PreUp);
        routing.add(config);
        hooks(QuickSetting.Key.PostUp);
        config.extraPorts()
                .ifPresent(extra -> translations.add(new Translation.Redirect(
                        Set.of(),
                        extra.ports(),
                        config.wireguard().device().listenPort().orElse(0))));
    }

    private void other(String name, String text) {
        if (!name.endsWith(FIREWALL)) {
            text.lines()
                    .map(String::strip)
                    .filter(line -> OF_IP.matcher(line).lookingAt() && !setting(line))
                    .forEach(line -> unknown.add(line.split("[ =]", 2)[0] + " in " + name));
            return;
        }
        Optional<Wall> read = wall.isPresent() ? Optional.empty() : NftReading.wall(text);
        if (read.isEmpty()) {
            unknown.add("the firewall in " + name);
            return;
        }
        wall = read;
        Set<String> links = links(read.get());
        if (links.size() == 1) {
            uplink = links.iterator().next();
        } else if (!links.isEmpty()) {
            unknown.add("by which of its interfaces it is in the internet, with the firewall in " + name);
        }
    }

    /** The interfaces that may be the one to the internet: behind which it hides others, else all that it names. */
    private Set<String> links(Wall wall) {
        Set<String> hidden = others(wall.translations().stream()
                .flatMap(
                        each -> each instanceof Translation.Masquerade hiding ? Stream.of(hiding.out()) : Stream.of()));
        return hidden.isEmpty()
                ? others(Stream.concat(wall.input().stream(), wall.forward().stream())
                        .flatMap(filter -> Stream.concat(filter.in().stream(), filter.out().stream())))
                : hidden;
    }

    private Set<String> others(Stream<String> links) {
        return links.filter(link -> !link.equals(file.link()) && !link.equals("lo"))
                .collect(Collectors.toSet());
    }

    /** What of the file is not understood. */
    List<String> unknown() {
        return unknown;
    }

    /** What the commands call the interface to the world. */
    String uplink() {
        return uplink;
    }

    Machine machine(
            String host, Link world, List<TableRoute> defaults, Optional<PublicKey> key, List<String> allUnknown) {
        List<TableRoute> all = new ArrayList<>(defaults);
        all.addAll(routing.routes());
        Device device = new Device(
                key.orElseGet(() -> PublicKey.of(new byte[32])),
                config.wireguard().device().listenPort().stream()
                        .filter(port -> port != 0)
                        .findFirst()
                        .orElse(PORT_ANY),
                routing.mark(),
                config.wireguard().peers().stream().map(QuickHooks::peer).toList());
        Link tunnel = new Link(
                file.link(),
                new WireGuard(device),
                config.addresses(),
                config.mtu().orElse(MTU));
        return new Machine(
                host,
                List.of(world, tunnel),
                routing.rules(),
                all,
                settings.getOrDefault(FORWARDING_4, 0) != 0,
                settings.getOrDefault(FORWARDING_6, 0) != 0,
                settings.getOrDefault(SOURCE_CHECK, 0),
                walled(world.name()),
                allUnknown);
    }

    private static DevicePeer peer(PeerConfig peer) {
        return new DevicePeer(
                peer.name().orElse(peer.publicKey().toString()),
                peer.publicKey(),
                peer.allowedIps().prefixes(),
                peer.endpoint(),
                peer.persistentKeepalive().orElse(0));
    }

    /** With a default route, wg-quick lets nobody but the peers send to the tunnel's addresses. */
    private Wall walled(String world) {
        Wall own = wall.orElse(Wall.NONE);
        List<Filter> input = new ArrayList<>(own.input());
        if (routing.guarded()) {
            input.addFirst(new Filter(
                    Set.of(world),
                    Set.of(),
                    false,
                    List.of(),
                    List.of(),
                    config.addresses().stream()
                            .map(cidr -> Cidr.host(cidr.address()))
                            .toList(),
                    Wall.Verdict.DROP));
        }
        List<Translation> all = new ArrayList<>(own.translations());
        all.addAll(translations);
        return new Wall(input, own.forward(), all, own.clamped());
    }

    // Its commands.

    private void hooks(QuickSetting.Key when) {
        for (Hook hook : config.hooks()) {
            if (hook.when() == when) {
                for (String command : PARTS.split(hook.command().strip(), -1)) {
                    command(when, command.strip().replaceAll("\\s+", " "));
                }
            }
        }
    }

    private void command(QuickSetting.Key when, String command) {
        boolean understood;
        try {
            understood = command.isEmpty()
                    || harmless(when, command)
                    || setting(command)
                    || routing.does(command)
                    || firewall(command);
        } catch (IllegalArgumentException e) {
            // What ip(8) would not take either, or has words for that are not among ours.
            understood = false;
        }
        if (!understood) {
            // Without the rest, which may have a key in it.
            unknown.add(when + " runs " + command.split(" ", -1)[0]);
        }
    }

    private boolean harmless(QuickSetting.Key when, String command) {
        Matcher quiet = QUIET.matcher(command);
        if (!quiet.matches()) {
            return false;
        }
        String bare = quiet.group(1);
        if (TAKES_AWAY.matcher(bare).matches()
                && (when != QuickSetting.Key.PreUp || KERNELS_OWN.matcher(bare).find())) {
            return false;
        }
        // One that is in the file already would be another's.
        boolean keyed = config.wireguard().device().privateKey().isEmpty()
                && KEY.matcher(bare).matches();
        return keyed || HARMLESS.matcher(bare).matches();
    }

    private boolean setting(String command) {
        Matcher matcher = SETTING.matcher(command);
        if (matcher.matches()) {
            return setting(matcher.group(1), matcher.group(2));
        }
        Matcher echo = ECHO.matcher(command);
        return echo.matches() && setting(echo.group(2), echo.group(1));
    }

    /** Others may be what keeps a packet from where it should be. */
    private boolean setting(String name, String value) {
        String dotted = name.replace('/', '.').replace("net.ipv4.ip_forward", FORWARDING_4);
        if (SETTINGS.contains(dotted)) {
            settings.put(dotted, Integer.valueOf(value));
        }
        return SETTINGS.contains(dotted) || NO_MATTER.matcher(dotted).matches();
    }

    private boolean firewall(String command) {
        if (ACCEPT.matcher(command).matches()) {
            return true;
        }
        Matcher hide = HIDE.matcher(command);
        if (hide.matches()) {
            uplink = hide.group(2).equals("%i") || hide.group(2).equals(file.link()) ? uplink : hide.group(2);
            translations.add(new Translation.Masquerade(
                    routing.named(hide.group(2)), hide.group(1).equals("ip6tables"), List.of()));
            return true;
        }
        Matcher nft = NFT.matcher(command);
        if (nft.matches()) {
            String path = nft.group(1);
            return file.others().containsKey(path.substring(path.lastIndexOf('/') + 1)); // it is, or is not, understood
        }
        return false;
    }
}
