package anubis.interop;

import anubis.config.DeviceChange;
import anubis.config.Endpoint;
import anubis.crypto.PublicKey;
import anubis.host.Dns;
import anubis.host.Names;
import anubis.host.UapiClient;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** What {@link EndpointNamesTest} starts as a process of its own, with an {@code /etc} of its own. */
final class FollowNames {
    private FollowNames() {}

    /** {@code follow INTERFACE PUBLIC-KEY ENDPOINT} does so for ever; {@code resolve NAME…} prints what each name means. */
    public static void main(String[] args) throws Exception {
        if (args[0].equals("follow")) {
            follow(new UapiClient(args[1]), PublicKey.ofBase64(args[2]), Endpoint.parse(args[3]));
        }
        for (int i = 1; i < args.length; i++) {
            System.out.println(args[i] + " " + resolve(args[i]));
        }
    }

    private static void follow(UapiClient client, PublicKey peer, Endpoint endpoint) throws Exception {
        Names names = new Names(Map.of(peer, endpoint), new Dns());
        for (; ; ) {
            Names.Step step = names.tick(Instant.now(), client.get());
            if (!step.changes().isEmpty()) {
                client.set(new DeviceChange(
                        Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), false, step.changes()));
            }
            Duration pause = Duration.between(Instant.now(), step.next());
            Thread.sleep(Math.clamp(pause.toMillis(), 1, 1000));
        }
    }

    private static String resolve(String name) {
        try {
            Names.Answer answer = new Dns().resolve(name).toCompletableFuture().get();
            return answer.addresses().stream().map(InetAddress::getHostAddress).collect(Collectors.joining(" ")) + " "
                    + answer.ttl().toSeconds();
        } catch (Exception e) {
            return "none";
        }
    }
}
