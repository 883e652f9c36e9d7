package anubis.plan;

import anubis.config.Cidr;
import anubis.plan.Service.Protocol;
import anubis.plan.Wall.Filter;
import anubis.plan.Wall.Translation;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A {@link Wall} in the form in which packets are held against it quickly. */
final class Barrier {
    private final List<Sieve> input;
    private final List<Sieve> forward;
    private final List<Change> changes;

    /** A prefix. */
    private record Block(Ip first, int length) {
        static List<Block> of(List<Cidr> prefixes) {
            return prefixes.stream()
                    .map(prefix -> new Block(Ip.of(prefix.address()), prefix.length()))
                    .toList();
        }

        boolean has(Ip ip) {
            return ip.in(first, length);
        }

        static boolean fits(List<Block> blocks, Ip ip) {
            for (int i = 0; i < blocks.size(); i++) {
                if (blocks.get(i).has(ip)) {
                    return true;
                }
            }
            return blocks.isEmpty();
        }
    }

    private record Sieve(Filter filter, List<Block> from, List<Block> to) {}

    /** A translation, the addresses it is for, and what they become. */
    private record Change(
            Translation translation,
            List<Block> from,
            @Nullable Ip to) {}

    Barrier(Wall wall) {
        input = sieves(wall.input());
        forward = sieves(wall.forward());
        changes = wall.translations().stream().map(Barrier::change).toList();
    }

    private static List<Sieve> sieves(List<Filter> filters) {
        return filters.stream()
                .map(filter -> new Sieve(filter, Block.of(filter.from()), Block.of(filter.to())))
                .toList();
    }

    private static Change change(Translation translation) {
        return switch (translation) {
            case Translation.Masquerade masquerade -> new Change(translation, Block.of(masquerade.except()), null);
            case Translation.MapSource map ->
                new Change(
                        translation,
                        Block.of(List.of(map.from())),
                        Ip.of(map.to().address()));
            case Translation.MapDestination map ->
                new Change(
                        translation,
                        Block.of(List.of(map.from())),
                        Ip.of(map.to().address()));
            case Translation.Redirect _ -> new Change(translation, List.of(), null);
        };
    }

    /** The filter that drops the packet where it is for the machine itself; none if it is let in. */
    @Nullable
    Filter dropsInput(Packet packet, String in) {
        return drops(input, packet, in, null);
    }

    /** The filter that drops the packet where it is sent on; none if it is let through. */
    @Nullable
    Filter dropsForward(Packet packet, String in, String out) {
        return drops(forward, packet, in, out);
    }

    private static @Nullable Filter drops(List<Sieve> sieves, Packet packet, String in, @Nullable String out) {
        for (int i = 0; i < sieves.size(); i++) {
            Sieve sieve = sieves.get(i);
            Filter filter = sieve.filter;
            if ((filter.in().isEmpty() || filter.in().contains(in))
                    && (out == null || filter.out().isEmpty() || filter.out().contains(out))
                    && (!filter.established() || packet.established())
                    && (filter.services().isEmpty() || serves(filter.services(), packet))
                    && Block.fits(sieve.from, packet.source)
                    && Block.fits(sieve.to, packet.destination)) {
                return filter.verdict() == Wall.Verdict.DROP ? filter : null;
            }
        }
        return null;
    }

    private static boolean serves(List<Service> services, Packet packet) {
        for (Service service : services) {
            boolean fits = packet.protocol == Protocol.PING
                    ? service.protocol() == Protocol.PING && !packet.answer
                    : service.protocol() == packet.protocol && service.port() == packet.toPort;
            if (fits) {
                return true;
            }
        }
        return false;
    }

    /** Changes the destination of the first packet of a connection where it comes in. */
    void before(Packet packet, Node node, Iface in) {
        for (int i = 0; i < changes.size(); i++) {
            Change change = changes.get(i);
            if (change.translation instanceof Translation.MapDestination map) {
                if (map.in().equals(in.name()) && Block.fits(change.from, packet.destination)) {
                    packet.destination =
                            moved(packet.destination, change, map.to().length());
                    return;
                }
            } else if (change.translation instanceof Translation.Redirect redirect) {
                Ip own = in.first(packet.destination.six());
                if (packet.protocol == Protocol.UDP
                        && redirect.ports().contains(packet.toPort)
                        && (redirect.in().isEmpty() || redirect.in().contains(in.name()))
                        && node.has(packet.destination)
                        && own != null) {
                    packet.destination = own;
                    packet.toPort = redirect.to();
                    return;
                }
            }
        }
    }

    /**
     * Changes the source of the first packet of a connection where it goes out.
     *
     * @param own the address of the machine on that interface, next to where the packet goes
     */
    void after(Packet packet, Iface out, @Nullable Ip own) {
        for (int i = 0; i < changes.size(); i++) {
            Change change = changes.get(i);
            switch (change.translation) {
                case Translation.Masquerade masquerade -> {
                    if (masquerade.out().equals(out.name())
                            && masquerade.six() == packet.source.six()
                            && own != null
                            && (change.from.isEmpty() || !Block.fits(change.from, packet.source))) {
                        packet.source = own;
                        return;
                    }
                }
                case Translation.MapSource map -> {
                    if (map.out().equals(out.name()) && Block.fits(change.from, packet.source)) {
                        packet.source = moved(packet.source, change, map.to().length());
                        return;
                    }
                }
                case Translation.MapDestination _, Translation.Redirect _ -> {}
            }
        }
    }

    private static Ip moved(Ip ip, Change change, int length) {
        return change.to == null ? ip : ip.moved(change.to, length);
    }

    /** A filter, for people. */
    static String text(Filter filter) {
        StringBuilder text = new StringBuilder("the filter");
        text.append(filter.in().isEmpty() ? "" : " in " + sorted(filter.in()));
        text.append(filter.out().isEmpty() ? "" : " out " + sorted(filter.out()));
        text.append(filter.established() ? " established" : "");
        text.append(filter.services().isEmpty() ? "" : " for " + sorted(filter.services()));
        text.append(filter.from().isEmpty() ? "" : " from " + sorted(filter.from()));
        text.append(filter.to().isEmpty() ? "" : " to " + sorted(filter.to()));
        return text.append(" drops it").toString();
    }

    private static String sorted(Collection<?> all) {
        return all.stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
    }
}
