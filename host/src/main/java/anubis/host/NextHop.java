package anubis.host;

import anubis.config.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The way that this host takes to an address.
 *
 * @param link the interface it leaves by
 * @param source the local address, if the kernel names one
 * @param mtu of the way in bytes, if the kernel has learnt or been told one that is not the interface's
 */
public record NextHop(String link, Optional<String> source, OptionalInt mtu) {
    /**
     * The ways to some addresses, as {@code ip route get} tells them; those that have none are left out.
     *
     * @param mark of the packets, as the rules of the host may see it; 0 for none
     * @throws IOException if there is no {@code ip}
     */
    public static Map<InetAddress, NextHop> to(Collection<InetAddress> addresses, long mark) throws IOException {
        String marked = mark == 0 ? "\n" : " mark " + mark + "\n";
        String input = addresses.stream()
                .distinct()
                .map(address -> "route get " + address.getHostAddress() + marked)
                .collect(Collectors.joining());
        Map<InetAddress, NextHop> routes = new HashMap<>();
        if (!input.isEmpty()) {
            // A way that is not there is an error, and the others are wanted all the same.
            Command.run(input, List.of("ip", "-force", "-oneline", "-batch", "-"))
                    .out()
                    .lines()
                    .forEach(line -> parse(line, routes));
        }
        return routes;
    }

    /** The address of an endpoint; none if it is a name, or of a link that this host has not. */
    public static Optional<InetAddress> address(Endpoint endpoint) {
        try {
            return Optional.of(InetAddress.ofLiteral(endpoint.host()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** {@code [TYPE] ADDRESS [via ADDRESS] dev LINK [src ADDRESS] … \ cache … [mtu BYTES]}. */
    static void parse(String line, Map<InetAddress, NextHop> to) {
        List<String> words = new ArrayList<>(List.of(line.strip().split("[\\s\\\\]+")));
        if (words.size() > 1
                && Character.isLetter(words.getFirst().charAt(0))
                && words.getFirst().indexOf(':') < 0) {
            words.removeFirst();
        }
        after(words, "dev").ifPresent(link -> {
            try {
                to.put(
                        InetAddress.ofLiteral(words.getFirst()),
                        new NextHop(
                                link,
                                after(words, "src"),
                                after(words, "mtu")
                                        .map(Integer::parseInt)
                                        .map(OptionalInt::of)
                                        .orElse(OptionalInt.empty())));
            } catch (IllegalArgumentException e) {
                // Not a line of this form.
            }
        });
    }

    private static Optional<String> after(List<String> words, String word) {
        int at = words.indexOf(word);
        return at < 0 || at + 1 == words.size() ? Optional.empty() : Optional.of(words.get(at + 1));
    }
}
