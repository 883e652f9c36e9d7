package anubis.bench;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.IpLiteral;
import anubis.crypto.PublicKey;
import anubis.plan.Host;
import anubis.plan.Network;
import anubis.plan.Role;
import anubis.plan.Segment;
import anubis.plan.Segment.Kind;
import anubis.plan.Service;
import anubis.plan.Situation;
import anubis.plan.Through;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;

/**
 * A network of any size, shaped as one at home: a central server, a cloud server, and of the rest 3 in 100 laptops with a
 * virtual machine inside, 4 in 100 laptops, 5 in 100 phones, 2 in 100 appliances, and leaves.
 */
final class LargeNetwork {
    private static final Cidr RANGE_4 = Cidr.parse("10.64.0.0/12");
    private static final Cidr RANGE_6 = Cidr.parse("fd00:42::/64");
    private static final Cidr LAN_4 = Cidr.parse("10.0.0.0/12");
    private static final Cidr LAN_6 = Cidr.parse("2001:db8:306:1::/64");
    private static final Cidr INSIDE_4 = Cidr.parse("172.16.0.0/12");
    private static final Cidr INSIDE_6 = Cidr.parse("2001:db8:307::/48");
    private static final int PORT = 4296;

    private final Map<String, Segment> segments = new LinkedHashMap<>();
    private final Map<String, Host> hosts = new LinkedHashMap<>();
    private final Map<String, String> away = new HashMap<>();
    private final Set<String> atHome = new HashSet<>();
    private final Random random = new Random(1);

    /** The network with so many hosts, the same each time. */
    static Network of(int count) {
        return new LargeNetwork().build(count);
    }

    private Network build(int count) {
        segment("lan", Kind.LAN, List.of(LAN_4, LAN_6), Optional.of("central"), false, Map.of());
        segment("isp", Kind.WILD, List.of(Cidr.parse("203.0.113.0/24")), Optional.empty(), false, Map.of());
        segment(
                "cloudnet",
                Kind.WILD,
                List.of(Cidr.parse("198.51.100.0/24"), Cidr.parse("2001:db8:c::/64")),
                Optional.empty(),
                false,
                Map.of(LAN_6, "cloud", INSIDE_6, "cloud"));
        segment("cafe", Kind.WILD, List.of(Cidr.parse("192.168.0.0/16")), Optional.empty(), true, Map.of());
        host(
                "central",
                Role.CENTRAL,
                1,
                Map.of("lan", lan(1), "isp", List.of(address("203.0.113.20"))),
                "central.example");
        host(
                "cloud",
                Role.CLOUD,
                2,
                Map.of("cloudnet", List.of(address("198.51.100.7"), address("2001:db8:c::7"))),
                "198.51.100.7");
        for (int i = 3; hosts.size() < count; i++) {
            int kind = i % 100;
            if (kind < 3 && hosts.size() + 1 < count) {
                laptopWithMachine(i);
            } else if (kind < 7) {
                host("laptop" + i, Role.ROAMING, i, Map.of("lan", lan(i)), "");
                away.put("laptop" + i, "cafe");
            } else if (kind < 12) {
                host("phone" + i, Role.PHONE, i, Map.of("lan", lan(i)), "");
                away.put("phone" + i, "cafe");
            } else {
                Role role = kind < 14 ? Role.APPLIANCE : Role.LEAF;
                host(role + "" + i, role, i, Map.of("lan", lan(i)), "");
                atHome.add(role + "" + i);
            }
        }
        Set<String> packed = new HashSet<>(atHome);
        packed.add("central");
        return new Network(
                "Large",
                "large.example",
                "wg0",
                "wg",
                List.of(RANGE_4, RANGE_6),
                PORT,
                OptionalInt.of(PORT + 1),
                segments,
                hosts,
                List.of(
                        new Situation("home", "all at home", Map.of(), Set.of(), Map.of(), Set.of()),
                        new Situation("away", "all that can are away", away, Set.of(), Map.of(), Set.of()),
                        new Situation("packed", "the cloud alone", away, packed, Map.of(), Set.of())));
    }

    private void laptopWithMachine(int i) {
        String name = "laptop" + i;
        Cidr four = new Cidr(nth(INSIDE_4, 8L * i), 29);
        Cidr six = new Cidr(nth(INSIDE_6, 65_536L * i), 112);
        segment(name + "net", Kind.INSIDE, List.of(four, six), Optional.of(name), false, Map.of());
        host(name, Role.ROAMING, i, Map.of("lan", lan(i), name + "net", List.of(nth(four, 1), nth(six, 1))), "");
        away.put(name, "cafe");
        // Among the numbers there are as many again for those inside.
        host("inside" + i, Role.VM, 500_000 + i, Map.of(name + "net", List.of(nth(four, 2), nth(six, 2))), "");
    }

    private void segment(
            String name,
            Kind kind,
            List<Cidr> prefixes,
            Optional<String> gateway,
            boolean nat,
            Map<Cidr, String> routed) {
        segments.put(name, new Segment(name, kind, prefixes, List.of(), gateway, nat, routed, Segment.MTU));
    }

    private void host(String name, Role role, int number, Map<String, List<InetAddress>> on, String endpoint) {
        byte[] key = new byte[32];
        random.nextBytes(key);
        boolean appliance = role == Role.APPLIANCE;
        hosts.put(
                name,
                new Host(
                        name,
                        role,
                        appliance ? Optional.empty() : Optional.of(PublicKey.of(key)),
                        Optional.empty(),
                        appliance ? List.of() : List.of(nth(RANGE_4, number), nth(RANGE_6, number)),
                        on,
                        role == Role.CENTRAL ? Map.of("isp", "eth1") : Map.of(),
                        List.of(),
                        endpoint.isEmpty() ? Optional.empty() : Optional.of(new Endpoint(endpoint, PORT)),
                        PORT,
                        List.of(),
                        OptionalInt.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        role == Role.CENTRAL ? Optional.of("cloud") : Optional.empty(),
                        role == Role.ROAMING
                                ? Through.EVERYTHING
                                : role == Role.PHONE ? Through.NETWORK : Through.NAMES,
                        endpoint.isEmpty()
                                ? List.of()
                                : Service.parse("tcp 443").stream().toList()));
    }

    private static List<InetAddress> lan(int number) {
        return List.of(nth(LAN_4, number), nth(LAN_6, number));
    }

    private static InetAddress address(String text) {
        return Cidr.parse(text).address();
    }

    private static InetAddress nth(Cidr prefix, long number) {
        byte[] bytes = prefix.address().getAddress();
        byte[] digits = new BigInteger(1, bytes).add(BigInteger.valueOf(number)).toByteArray();
        byte[] result = new byte[bytes.length];
        int length = Math.min(digits.length, result.length);
        System.arraycopy(digits, digits.length - length, result, result.length - length, length);
        return IpLiteral.of(result);
    }
}
