package anubis.gate;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How the verbs talk to the gate that runs on this host: lines of {@code key=value}, ended by an empty one, over a socket
 * that only its owner can use.
 */
public final class Control {
    static final int LINE_MAX = 1_000;
    private static final int LINES_MAX = 100;

    private Control() {}

    /**
     * What a verb asks for.
     *
     * @param verb as people type it
     * @param values its options, without line breaks in them
     */
    public record Question(String verb, Map<String, String> values) {
        public Question {
            values = Map.copyOf(values);
        }

        Optional<String> value(String key) {
            return Optional.ofNullable(values.get(key));
        }

        Optional<Duration> seconds(String key) {
            return value(key).map(text -> Duration.ofSeconds(Long.parseLong(text)));
        }
    }

    /**
     * What the gate answers.
     *
     * @param agreed whether all is as it was asked for
     * @param values what it tells, in the order in which people may want to read it
     */
    public record Answer(boolean agreed, Map<String, String> values) {
        static Answer of(GateClient.Answer answer, Optional<Session> session, Instant now) {
            Reply reply = answer.reply();
            Map<String, String> values = new LinkedHashMap<>();
            values.put("hub", answer.hub().name());
            values.put("verdict", reply.code().name().toLowerCase(Locale.ROOT).replace('_', ' '));
            values.put("sentence", reply.sentence());
            reply.hubInUse().ifPresent(name -> values.put("in-use", name));
            reply.up().ifPresent(up -> values.put("peer", up ? "up" : "down"));
            if (reply.permanent()) {
                values.put("permanent", "yes");
            }
            reply.lease().ifPresent(left -> values.put("lease", String.valueOf(left.toSeconds())));
            reply.hub().ifPresent(terms -> {
                values.put("key", terms.productionKey().base64());
                values.put("endpoints", join(terms.endpoints()));
                values.put("allowed-ips", join(terms.prefixes()));
            });
            values.put("here", session.map(up -> "up by " + up.hub()).orElse("down"));
            session.flatMap(Session::leaseEnd)
                    .ifPresent(end -> values.put(
                            "here-lease",
                            String.valueOf(
                                    Math.max(0, Duration.between(now, end).toSeconds()))));
            return new Answer(reply.code().agrees(), values);
        }

        private static String join(List<?> values) {
            return values.stream().map(Object::toString).collect(Collectors.joining(", "));
        }
    }

    /**
     * Asks the gate of an interface.
     *
     * @param name of the interface; nothing for that of the only gate that runs here
     * @throws IOException if none runs, or it could not do what was asked, or got no answer; the message tells
     */
    public static Answer ask(Optional<String> name, Question question) throws IOException {
        String interfaceName = name.isPresent() ? name.get() : ControlSocket.only();
        Path path = ControlSocket.path(interfaceName);
        try (SocketChannel channel = connect(path, interfaceName);
                BufferedReader in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            StringBuilder text = new StringBuilder("verb=" + question.verb + "\n");
            question.values.forEach((key, value) -> {
                if (value.indexOf('\n') >= 0) {
                    throw new IllegalArgumentException(key + " has a line break in it");
                }
                text.append(key).append('=').append(value).append('\n');
            });
            channel.write(StandardCharsets.UTF_8.encode(text.append('\n').toString()));
            Map<String, String> values = read(in);
            String error = values.remove("error");
            if (error != null) {
                throw new IOException(error);
            }
            boolean agreed = "yes".equals(values.remove("agreed"));
            return new Answer(agreed, values);
        }
    }

    private static SocketChannel connect(Path path, String interfaceName) throws IOException {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            throw new IOException(
                    Files.exists(path) && !Files.isWritable(path)
                            ? "this user may not use " + path + ": run this as root"
                            : "no gate runs for " + interfaceName + ": start it with 'anubis gate run', or"
                                    + " 'systemctl start anubis-gate'",
                    e);
        }
    }

    /** Reads lines up to an empty one. */
    static Map<String, String> read(BufferedReader in) throws IOException {
        List<String> lines = new ArrayList<>();
        String line = in.readLine();
        while (line != null && !line.isEmpty()) {
            if (line.length() > LINE_MAX || lines.size() == LINES_MAX || line.indexOf('=') < 0) {
                throw new IOException("what is said over the gate's socket is not of the gate");
            }
            lines.add(line);
            line = in.readLine();
        }
        if (line == null) {
            throw new IOException("the gate has broken off");
        }
        Map<String, String> values = new LinkedHashMap<>();
        lines.forEach(each -> values.put(each.substring(0, each.indexOf('=')), each.substring(each.indexOf('=') + 1)));
        return values;
    }
}
