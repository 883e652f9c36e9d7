package anubis.gate;

import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import anubis.host.PrivateFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a client remembers while it is up, in a file that survives its process and not the machine's restart, as its
 * peer does.
 *
 * @param hub its name
 * @param terms as it told them
 * @param up the identifier of the {@code up} that it agreed to last
 * @param leaseEnd nothing if the hub keeps the peer up without a lease
 * @param lease its length
 */
record Session(String hub, Reply.Terms terms, Identifier up, Optional<Instant> leaseEnd, Duration lease) {
    /** The same with what a hub has agreed to since. */
    Session renewed(Identifier identifier, Optional<Duration> left, Instant now) {
        return new Session(hub, terms, identifier, left.map(now::plus), left.orElse(lease));
    }

    /** When to ask for the next lease: when a half of this one is over. */
    Optional<Instant> renewal() {
        return leaseEnd.map(end -> end.minus(lease.dividedBy(2)));
    }

    void write(Path file) throws IOException {
        String text = Stream.of(
                        "hub=" + hub,
                        "key=" + terms.productionKey().base64(),
                        "endpoints=" + join(terms.endpoints()),
                        "prefixes=" + join(terms.prefixes()),
                        "up=" + HexFormat.of().formatHex(up.bytes()),
                        "lease-end=" + leaseEnd.map(Instant::toString).orElse(""),
                        "lease=" + lease)
                .collect(Collectors.joining("\n", "", "\n"));
        Files.createDirectories(file.toAbsolutePath().getParent());
        PrivateFile.writeUntilRestart(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private static String join(List<?> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(" "));
    }

    /** What the file tells; nothing if there is none, or it is damaged. */
    static Optional<Session> read(Path file) throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(file)) {
            properties.load(in);
        } catch (NoSuchFileException | CharacterCodingException | IllegalArgumentException e) {
            return Optional.empty();
        }
        try {
            String end = properties.getProperty("lease-end", "");
            Session read = new Session(
                    properties.getProperty("hub", ""),
                    new Reply.Terms(
                            PublicKey.ofBase64(properties.getProperty("key", "")),
                            split(properties, "endpoints").map(Endpoint::parse).toList(),
                            split(properties, "prefixes").map(Cidr::parse).toList()),
                    Identifier.of(HexFormat.of().parseHex(properties.getProperty("up", ""))),
                    end.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(end)),
                    Duration.parse(properties.getProperty("lease", "")));
            Optional<Instant> _ = read.renewal(); // which not every time and length has
            return Optional.of(read);
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static Stream<String> split(Properties properties, String key) {
        return Stream.of(properties.getProperty(key, "").split(" ", -1)).filter(each -> !each.isEmpty());
    }
}
