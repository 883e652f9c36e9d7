package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import anubis.plan.Segment.Kind;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** A first description of a network, from a few answers: a server that all reach, and those who do. */
public final class NetworkInit {
    private static final String WILD = "provider";
    private static final String ROAD = "road";
    private static final String LAN = "lan";
    /** Documentation's blocks (RFC 5737, RFC 3849), in place of addresses that the answers do not have. */
    private static final Cidr UNKNOWN_4 = Cidr.parse("192.0.2.0/24");

    private static final Cidr UNKNOWN_6 = Cidr.parse("2001:db8::/64");
    /** What many a router numbers its LAN by. */
    private static final Cidr OTHERS = Cidr.parse("192.168.0.0/24");

    private NetworkInit() {}

    /** A host by its name and, if it is known already, its public key. */
    public record Named(String name, Optional<PublicKey> key) {
        /**
         * {@code NAME} or {@code NAME=PUBLICKEY}.
         *
         * @throws IllegalArgumentException if it is not that
         */
        public static Named parse(String text) {
            int equals = text.indexOf('=');
            String name = equals < 0 ? text : text.substring(0, equals);
            if (!NetworkFile.NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("a name has 1 to 63 small letters, digits and hyphens");
            }
            return new Named(
                    name, equals < 0 ? Optional.empty() : Optional.of(PublicKey.ofBase64(text.substring(equals + 1))));
        }
    }

    /**
     * The answers.
     *
     * @param name for people
     * @param ranges of the WireGuard addresses, without host bits, at most one of each family, at least one
     * @param server whom all have a tunnel to
     * @param address where the server is reached: an IP address or a name
     * @param lan the network at home whose gateway the server is, if it is one
     * @param leaves who is always on that LAN
     * @param laptops who moves
     * @param phones who moves, with an app
     */
    public record Answers(
            String name,
            List<Cidr> ranges,
            Named server,
            String address,
            Optional<Cidr> lan,
            List<Named> leaves,
            List<Named> laptops,
            List<Named> phones) {
        public Answers {
            ranges = List.copyOf(ranges);
            leaves = List.copyOf(leaves);
            laptops = List.copyOf(laptops);
            phones = List.copyOf(phones);
        }
    }

    /** The network, and what of it is assumed and has to be looked at. */
    public record First(Network network, List<String> remarks) {
        public First {
            remarks = List.copyOf(remarks);
        }
    }

    /**
     * The network.
     *
     * @throws IllegalArgumentException if a name is there twice, the address is neither an address nor a name, or there are
     *     leaves without a LAN
     */
    public static First network(Answers answers) {
        List<String> remarks = new ArrayList<>();
        Map<String, Segment> segments = new LinkedHashMap<>();
        Map<String, HostDraft> drafts = new LinkedHashMap<>();
        HostDraft server =
                draft(answers.server(), answers.lan().isPresent() ? Role.CENTRAL : Role.CLOUD, 1, answers, drafts);
        Optional<InetAddress> known = IpLiteral.parse(answers.address());
        InetAddress address = known.orElse(Prefixes.nth(UNKNOWN_4, 1));
        Cidr prefix = new Cidr(address, Prefixes.six(address) ? 64 : 24).masked();
        segments.put(WILD, segment(WILD, Kind.WILD, List.of(prefix), Optional.empty(), false));
        server.on.put(WILD, List.of(address));
        server.endpoint = Optional.of(new Endpoint(answers.address(), NetworkFile.PORT));
        remarks.add(
                known.isPresent()
                        ? "the provider's prefix is assumed to be " + prefix + ": write networks." + WILD + ".addresses"
                        : "which address " + answers.address() + " has is not known, " + IpLiteral.format(address)
                                + " stands for it: write it, if it stays the same, and networks." + WILD
                                + ".addresses");
        server.interfaces.put(WILD, answers.lan().isPresent() ? "eth1" : "eth0");
        if (answers.lan().isEmpty()) {
            remarks.add(
                    "the server is assumed to reach the provider by eth0, and the firewall goes by that name: write hosts."
                            + server.name + ".interfaces, as 'ip address' has it there");
        }
        answers.lan().ifPresent(lan -> {
            segments.put(LAN, segment(LAN, Kind.LAN, List.of(lan), Optional.of(server.name), false));
            server.on.put(LAN, List.of(Prefixes.nth(lan, 1)));
            remarks.add(
                    "the server is assumed to be " + IpLiteral.format(Prefixes.nth(lan, 1)) + " on the LAN, by eth0,"
                            + " and to reach the provider by eth1: write hosts." + server.name + ".on and .interfaces");
        });
        if (answers.lan().isEmpty() && !answers.leaves().isEmpty()) {
            throw new IllegalArgumentException("a host is at home on a LAN, of which nothing is said");
        }
        Map<String, String> away = new LinkedHashMap<>();
        int number = 10;
        for (Named leaf : answers.leaves()) {
            home(draft(leaf, Role.LEAF, number, answers, drafts), answers, number, remarks);
            number++;
        }
        for (Named laptop : answers.laptops()) {
            moving(draft(laptop, Role.ROAMING, number, answers, drafts), answers, number, away, remarks);
            number++;
        }
        for (Named phone : answers.phones()) {
            moving(draft(phone, Role.PHONE, number, answers, drafts), answers, number, away, remarks);
            number++;
        }
        if (!away.isEmpty()) {
            boolean six = Prefixes.six(address);
            segments.put(ROAD, segment(ROAD, Kind.WILD, List.of(six ? UNKNOWN_6 : OTHERS), Optional.empty(), true));
        }
        drafts.values().stream().filter(draft -> draft.key.isEmpty()).forEach(draft -> remarks.add(missing(draft)));
        Map<String, Host> hosts = new LinkedHashMap<>();
        drafts.forEach((name, draft) -> hosts.put(name, draft.host(NetworkFile.PORT)));
        return new First(
                new Network(
                        answers.name(),
                        NetworkFile.DOMAIN,
                        NetworkFile.INTERFACE,
                        NetworkFile.SUFFIX,
                        answers.ranges(),
                        NetworkFile.PORT,
                        OptionalInt.empty(),
                        segments,
                        hosts,
                        situations(answers, away)),
                remarks);
    }

    private static String missing(HostDraft draft) {
        // A phone's is made where its QR code will be drawn.
        String file = draft.role == Role.PHONE ? draft.name + ".key" : "/etc/wireguard/wg0.key";
        return "the public key of " + draft.name + " is missing: " + (draft.role == Role.PHONE ? "here" : "on it")
                + ", run '(umask 077; anubis genkey > " + file + ") && anubis pubkey < " + file
                + "' and write what it prints as hosts." + draft.name + ".key"
                + (draft.role == Role.PHONE ? "; 'anubis qr --host' draws its code later" : "");
    }

    private static Segment segment(String name, Kind kind, List<Cidr> prefixes, Optional<String> gateway, boolean nat) {
        return new Segment(name, kind, prefixes, List.of(), gateway, nat, Map.of(), Segment.MTU);
    }

    private static HostDraft draft(Named named, Role role, int number, Answers answers, Map<String, HostDraft> to) {
        HostDraft draft = new HostDraft(named.name(), role);
        draft.key = named.key();
        answers.ranges().forEach(range -> draft.wireguard.add(Prefixes.nth(range, number)));
        if (to.putIfAbsent(draft.name, draft) != null) {
            throw new IllegalArgumentException("two hosts are called " + draft.name);
        }
        return draft;
    }

    private static void home(HostDraft draft, Answers answers, int number, List<String> remarks) {
        answers.lan().ifPresent(lan -> {
            InetAddress address = Prefixes.nth(lan, number);
            draft.on.put(LAN, List.of(address));
            remarks.add(draft.name + " is assumed to be " + IpLiteral.format(address) + " on the LAN: write hosts."
                    + draft.name + ".on");
        });
    }

    private static void moving(
            HostDraft draft, Answers answers, int number, Map<String, String> away, List<String> remarks) {
        home(draft, answers, number, remarks);
        away.put(draft.name, ROAD);
    }

    private static List<Situation> situations(Answers answers, Map<String, String> away) {
        Set<String> none = new HashSet<>();
        Situation out = new Situation("away", "Who moves is away", away, none, Map.of(), none);
        if (away.isEmpty()) {
            return List.of(new Situation(NetworkFile.SITUATION, "", Map.of(), none, Map.of(), none));
        }
        return answers.lan().isEmpty()
                ? List.of(out)
                : List.of(new Situation("home", "All are at home", Map.of(), none, Map.of(), none), out);
    }
}
