package anubis.plan;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import anubis.plan.Machine.Device;
import anubis.plan.Machine.DevicePeer;
import anubis.plan.Machine.Kind;
import anubis.plan.Machine.Link;
import anubis.plan.Machine.TableRoute;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A world in which somebody has forgotten or mistaken something.
 *
 * @param what it is
 */
public record RandomDamage(World world, String what) {
    private static final int KINDS = 12;
    private static final PublicKey OTHER_KEY = PublicKey.of(new byte[] {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
        31, 32
    });

    /** What can be done to a machine, in words, and the machine then. */
    private record Change(String what, Machine damaged) {}

    /** One of all that can be done to the world, by a number. */
    public static RandomDamage of(World world, long seed) {
        Random random = new Random(seed * 0x9e37_79b9_7f4a_7c15L + 1);
        while (true) {
            Machine machine =
                    world.machines().get(random.nextInt(world.machines().size()));
            List<Change> changes = changes(machine, random.nextInt(KINDS));
            if (!changes.isEmpty()) {
                Change change = changes.get(random.nextInt(changes.size()));
                return new RandomDamage(
                        new World(
                                world.situation(),
                                world.machines().stream()
                                        .map(each -> each.equals(machine) ? change.damaged : each)
                                        .toList(),
                                world.names()),
                        machine.name() + ": " + change.what);
            }
        }
    }

    private static List<Change> changes(Machine machine, int kind) {
        return switch (kind) {
            case 0, 1 ->
                machine.routes().stream()
                        .map(route -> new Change(
                                "no route " + text(route), withRoutes(machine, without(machine.routes(), route))))
                        .toList();
            case 2 ->
                machine.rules().stream()
                        .map(rule -> new Change("no " + rule, withRules(machine, without(machine.rules(), rule))))
                        .toList();
            case 3 ->
                machine.forwarding4()
                        ? List.of(new Change(
                                "forwards no IPv4",
                                with(machine, false, machine.forwarding6(), machine.sourceCheck(), machine.wall())))
                        : List.of();
            case 4 ->
                machine.forwarding6()
                        ? List.of(new Change(
                                "forwards no IPv6",
                                with(machine, machine.forwarding4(), false, machine.sourceCheck(), machine.wall())))
                        : List.of();
            case 5 ->
                machine.wall().translations().stream()
                        .map(each -> new Change(
                                "no " + each,
                                withWall(
                                        machine,
                                        new Wall(
                                                machine.wall().input(),
                                                machine.wall().forward(),
                                                without(machine.wall().translations(), each),
                                                machine.wall().clamped()))))
                        .toList();
            case 6 ->
                machine.wall().input().stream()
                        .filter(each -> !each.established()) // which our table lets in, whatever the wall says
                        .map(each -> new Change(
                                "not in its input: " + each,
                                withWall(
                                        machine,
                                        new Wall(
                                                without(machine.wall().input(), each),
                                                machine.wall().forward(),
                                                machine.wall().translations(),
                                                machine.wall().clamped()))))
                        .toList();
            case 7 ->
                peers(
                        machine,
                        peer -> peer.allowedIps().stream()
                                .map(prefix -> new DevicePeer(
                                        peer.name(),
                                        peer.key(),
                                        without(peer.allowedIps(), prefix),
                                        peer.endpoint(),
                                        peer.keepalive())));
            case 8 ->
                peers(
                        machine,
                        peer -> Stream.of(0, 25)
                                .filter(seconds -> seconds != peer.keepalive())
                                .map(seconds -> new DevicePeer(
                                        peer.name(), peer.key(), peer.allowedIps(), peer.endpoint(), seconds)));
            case 9 ->
                peers(
                        machine,
                        peer -> peer.endpoint().stream()
                                .flatMap(endpoint -> Stream.of(
                                                Optional.<Endpoint>empty(),
                                                Optional.of(new Endpoint(endpoint.host(), endpoint.port() + 1)))
                                        .map(other -> new DevicePeer(
                                                peer.name(), peer.key(), peer.allowedIps(), other, peer.keepalive()))));
            case 10 ->
                peers(
                        machine,
                        peer -> Stream.of(new DevicePeer(
                                peer.name(), OTHER_KEY, peer.allowedIps(), peer.endpoint(), peer.keepalive())));
            default ->
                List.of(new Change(
                        "strict source check",
                        with(machine, machine.forwarding4(), machine.forwarding6(), 1, machine.wall())));
        };
    }

    private static String text(TableRoute route) {
        return route.destination() + (route.type() == TableRoute.Type.UNICAST ? " dev " + route.link() : " thrown")
                + " in table " + route.table();
    }

    /** Each way to put another in the place of one peer. */
    private static List<Change> peers(Machine machine, Function<DevicePeer, Stream<DevicePeer>> others) {
        List<Change> all = new ArrayList<>();
        for (Link link : machine.links()) {
            if (link.kind() instanceof Kind.WireGuard wireGuard) {
                Device device = wireGuard.device();
                for (DevicePeer peer : device.peers()) {
                    others.apply(peer).forEach(other -> {
                        UnaryOperator<DevicePeer> replace = each -> each.equals(peer) ? other : each;
                        Device changed = new Device(
                                device.key(),
                                device.port(),
                                device.mark(),
                                device.peers().stream().map(replace).toList());
                        Link with = new Link(link.name(), new Kind.WireGuard(changed), link.addresses(), link.mtu());
                        all.add(new Change(
                                "its peer " + difference(peer, other),
                                new Machine(
                                        machine.name(),
                                        machine.links().stream()
                                                .map(each -> each.equals(link) ? with : each)
                                                .toList(),
                                        machine.rules(),
                                        machine.routes(),
                                        machine.forwarding4(),
                                        machine.forwarding6(),
                                        machine.sourceCheck(),
                                        machine.wall(),
                                        machine.unknown())));
                    });
                }
            }
        }
        return all;
    }

    private static String difference(DevicePeer peer, DevicePeer other) {
        List<Cidr> lost = new ArrayList<>(peer.allowedIps());
        lost.removeAll(other.allowedIps());
        return peer.name()
                + (lost.isEmpty() ? "" : " lacks allowed IPs " + lost)
                + (peer.endpoint().equals(other.endpoint())
                        ? ""
                        : " is at " + other.endpoint().map(Endpoint::toString).orElse("no endpoint"))
                + (peer.keepalive() == other.keepalive() ? "" : " has a keepalive of " + other.keepalive() + " s")
                + (peer.key().equals(other.key()) ? "" : " has another key");
    }

    private static <T> List<T> without(List<T> all, T one) {
        return all.stream().filter(each -> !each.equals(one)).toList();
    }

    private static Machine withRoutes(Machine machine, List<TableRoute> routes) {
        return new Machine(
                machine.name(),
                machine.links(),
                machine.rules(),
                routes,
                machine.forwarding4(),
                machine.forwarding6(),
                machine.sourceCheck(),
                machine.wall(),
                List.of());
    }

    private static Machine withRules(Machine machine, List<Machine.PolicyRule> rules) {
        return new Machine(
                machine.name(),
                machine.links(),
                rules,
                machine.routes(),
                machine.forwarding4(),
                machine.forwarding6(),
                machine.sourceCheck(),
                machine.wall(),
                List.of());
    }

    private static Machine with(Machine machine, boolean four, boolean six, int sourceCheck, Wall wall) {
        return new Machine(
                machine.name(),
                machine.links(),
                machine.rules(),
                machine.routes(),
                four,
                six,
                sourceCheck,
                wall,
                List.of());
    }

    private static Machine withWall(Machine machine, Wall wall) {
        return with(machine, machine.forwarding4(), machine.forwarding6(), machine.sourceCheck(), wall);
    }
}
