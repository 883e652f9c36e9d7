package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.LabHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A hundred pings a second, from the moment this is made. */
final class Pings {
    private static final Pattern ANSWER = Pattern.compile("icmp_seq=(\\d+) ttl");

    private final LabHost host;
    private final Process process;
    private final Path said;

    private Pings(LabHost host, String address) {
        try {
            this.host = host;
            this.said = Files.createTempFile("anubis-pings", ".txt");
            this.process = host.start(
                    builder -> builder.redirectErrorStream(true).redirectOutput(said.toFile()),
                    "ping",
                    "-n",
                    "-i",
                    "0.01",
                    address);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Begins, and waits for some answers. */
    static Pings of(LabHost host, String address) {
        Pings pings = new Pings(host, address);
        RoutedLab.await("pings of " + address, () -> pings.answered().size() > 5);
        return pings;
    }

    private List<Integer> answered() {
        try {
            return ANSWER.matcher(Files.readString(said))
                    .results()
                    .map((MatchResult found) -> Integer.valueOf(found.group(1)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends them, after some more answers: of those sent before the last that was answered, so many were not. */
    int lost() {
        int so = answered().size();
        RoutedLab.await("more pings", () -> answered().size() > so + 5);
        host.run("kill", "-INT", Long.toString(process.pid()));
        try {
            assertThat(process.waitFor()).isZero();
            List<Integer> answered = answered();
            Files.delete(said);
            // Between the first answer and the last: what was sent before the tunnel was ready does not count.
            return answered.getLast() - answered.getFirst() + 1 - answered.size();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
