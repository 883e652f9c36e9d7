package anubis.host;

import anubis.config.Endpoint;
import anubis.config.PeerConfig;
import anubis.config.WireGuardConfig;
import anubis.linux.HostName;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Puts addresses for the names of endpoints, with the patience of {@code wg}: a failure that may pass is tried again
 * after a second, and then each time a fifth later, up to 20 seconds.
 */
public final class EndpointResolver {
    /** What says how often to try again: a number or {@code infinity}. */
    public static final String VARIABLE = "WG_ENDPOINT_RESOLUTION_RETRIES";

    private static final int DEFAULT_RETRIES = 15;
    private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private final Lookup lookup;
    private final Pause pause;
    private final OptionalInt retries;
    private final Consumer<String> progress;

    /** Finds the address of a name. */
    interface Lookup {
        InetAddress resolve(String name) throws HostName.LookupException;
    }

    /** Waits. */
    interface Pause {
        void of(Duration time) throws InterruptedException;
    }

    EndpointResolver(Lookup lookup, Pause pause, OptionalInt retries, Consumer<String> progress) {
        this.lookup = lookup;
        this.pause = pause;
        this.retries = retries;
        this.progress = progress;
    }

    /**
     * A resolver that asks this system.
     *
     * @param setting what {@link #VARIABLE} says; 15 retries if nothing
     * @param progress is told before each wait what has failed
     * @throws IllegalArgumentException if the variable says something else
     */
    public static EndpointResolver of(Optional<String> setting, Consumer<String> progress) {
        return new EndpointResolver(HostName::resolve, Thread::sleep, retries(setting), progress);
    }

    /** Empty for no end. */
    static OptionalInt retries(Optional<String> setting) {
        String text = setting.orElse(String.valueOf(DEFAULT_RETRIES));
        if (text.equals("infinity")) {
            return OptionalInt.empty();
        }
        if (!NUMBER.matcher(text).matches()) {
            throw new IllegalArgumentException(VARIABLE + " is '" + text + "': set it to a number or to infinity");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    /**
     * The configuration with addresses only.
     *
     * @throws IOException if a name cannot be resolved
     */
    public WireGuardConfig resolve(WireGuardConfig config) throws IOException {
        List<PeerConfig> peers = new ArrayList<>();
        for (PeerConfig peer : config.peers()) {
            Optional<Endpoint> endpoint = peer.endpoint();
            peers.add(endpoint.isPresent() ? peer.withEndpoint(Optional.of(resolve(endpoint.get()))) : peer);
        }
        return new WireGuardConfig(config.device(), peers, config.quick());
    }

    /**
     * The endpoint with an address.
     *
     * @throws IOException if its name cannot be resolved
     */
    public Endpoint resolve(Endpoint endpoint) throws IOException {
        return endpoint.isLiteral()
                ? endpoint
                : new Endpoint(patiently(endpoint.host()).getHostAddress(), endpoint.port());
    }

    private InetAddress patiently(String name) throws IOException {
        Duration wait = FIRST_WAIT;
        for (int tries = 0; ; tries++) {
            try {
                return lookup.resolve(name);
            } catch (HostName.LookupException e) {
                if (e.lasting() || retries.orElse(Integer.MAX_VALUE) <= tries) {
                    throw e;
                }
                progress.accept(String.format(
                        Locale.ROOT, "%s; trying again in %.2f seconds", e.getMessage(), wait.toMillis() / 1000.0));
            }
            sleep(wait);
            Duration longer = wait.multipliedBy(6).dividedBy(5);
            wait = longer.compareTo(LONGEST_WAIT) < 0 ? longer : LONGEST_WAIT;
        }
    }

    private void sleep(Duration time) throws IOException {
        try {
            pause.of(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a name was being resolved", e);
        }
    }
}
