package anubis.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedResolver;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.config.ResolvConfResolverConfigProvider;

/**
 * Resolves names as this host does by {@code /etc/hosts} and {@code /etc/resolv.conf}, which are read anew each time, and
 * tells how long an answer lives. Any thread may use it; what takes time happens on others.
 */
public final class Dns implements Names.Resolver {
    private static final Path HOSTS = Path.of("/etc/hosts");
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int ANY_PORT = 9;

    /** An answer may have thousands, of which a peer that is silent would be looked for at each. */
    static final int MAX_RECORDS = 32;

    static {
        // Else its logging tells on the standard error that there is no log.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
    }

    /** A resolver of this host. */
    public Dns() {}

    @Override
    public CompletionStage<Names.Answer> resolve(String host) {
        try {
            List<InetAddress> local = hosts(host);
            if (!local.isEmpty()) {
                return CompletableFuture.completedFuture(answer(local, Duration.ZERO));
            }
            Name name = Name.fromString(host);
            ResolvConfResolverConfigProvider config = new ResolvConfResolverConfigProvider();
            config.initialize();
            return ask(servers(config), candidates(name, config).iterator(), host);
        } catch (TextParseException | NameTooLongException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * As getaddrinfo(3): what is in the file, in whatever case, is not asked for elsewhere, not even of the other IP version.
     * dnsjava's own reader of the file minds the case, and knows one address a name.
     */
    private static List<InetAddress> hosts(String host) {
        String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
        try (Stream<String> lines = Files.lines(HOSTS, StandardCharsets.ISO_8859_1)) {
            return lines.map(line -> line.replaceFirst("#.*", "").strip().split("\\s+"))
                    .filter(words -> Stream.of(words).skip(1).anyMatch(name::equalsIgnoreCase))
                    .flatMap(words -> literal(words[0]).stream())
                    .toList();
        } catch (IOException | UncheckedIOException unreadable) {
            return List.of();
        }
    }

    private static Optional<InetAddress> literal(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** resolv.conf(5): this host itself where no server is named. */
    private static ExtendedResolver servers(ResolvConfResolverConfigProvider config) {
        List<InetSocketAddress> named = config.servers();
        List<InetSocketAddress> servers = named.isEmpty()
                ? List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), SimpleResolver.DEFAULT_PORT))
                : named;
        ExtendedResolver resolver =
                new ExtendedResolver(servers.stream().map(SimpleResolver::new).toArray(Resolver[]::new));
        resolver.setTimeout(PATIENCE.multipliedBy(servers.size() + 1L));
        return resolver;
    }

    /** The name as it is and with each domain of the search list, in the order that resolv.conf(5) tells. */
    private static List<Name> candidates(Name name, ResolvConfResolverConfigProvider config)
            throws NameTooLongException {
        if (name.isAbsolute()) {
            return List.of(name);
        }
        List<Name> names = new ArrayList<>();
        for (Name domain : config.searchPaths()) {
            names.add(Name.concatenate(Name.concatenate(name, domain), domain.isAbsolute() ? Name.empty : Name.root));
        }
        names.add(name.labels() > config.ndots() ? 0 : names.size(), Name.concatenate(name, Name.root));
        return names;
    }

    private static CompletionStage<Names.Answer> ask(ExtendedResolver servers, Iterator<Name> names, String host) {
        if (!names.hasNext()) {
            return CompletableFuture.failedFuture(new UnknownHostException(host));
        }
        Name name = names.next();
        return ask(servers, name, Type.AAAA)
                .thenCombine(ask(servers, name, Type.A), Dns::together)
                .thenCompose(records -> {
                    List<InetAddress> addresses = addresses(records);
                    return addresses.isEmpty()
                            ? ask(servers, names, host)
                            : CompletableFuture.completedFuture(answer(addresses, ttl(records)));
                });
    }

    /** The records of an answer, those of the aliases that lead there included; none if the question fails. */
    private static CompletionStage<List<Record>> ask(ExtendedResolver servers, Name name, int type) {
        return servers.sendAsync(Message.newQuery(Record.newRecord(name, type, DClass.IN)))
                .handle((message, _) -> message == null
                        ? List.of()
                        : message.getSection(Section.ANSWER).stream()
                                .limit(MAX_RECORDS)
                                .toList());
    }

    private static List<Record> together(List<Record> first, List<Record> second) {
        List<Record> both = new ArrayList<>(first);
        both.addAll(second);
        return both;
    }

    private static List<InetAddress> addresses(List<Record> records) {
        List<InetAddress> addresses = new ArrayList<>();
        for (Record each : records) {
            switch (each) {
                case AAAARecord six -> addresses.add(six.getAddress());
                case ARecord four -> addresses.add(four.getAddress());
                default -> {}
            }
        }
        return addresses;
    }

    private static Duration ttl(List<Record> records) {
        return Duration.ofSeconds(
                records.stream().mapToLong(Record::getTTL).min().orElse(0));
    }

    /** Those first to which this host has a way (RFC 6724, rule 1); otherwise as they came. */
    private static Names.Answer answer(List<InetAddress> addresses, Duration ttl) {
        List<InetAddress> reachable =
                addresses.stream().distinct().filter(Dns::isReachable).toList();
        return new Names.Answer(
                Stream.concat(reachable.stream(), addresses.stream()).distinct().toList(), ttl);
    }

    /** Nothing is sent: a datagram socket that connects only looks for a route. */
    private static boolean isReachable(InetAddress address) {
        SocketAddress there = new InetSocketAddress(address, ANY_PORT);
        try (DatagramChannel socket = DatagramChannel.open()) {
            socket.connect(there);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
