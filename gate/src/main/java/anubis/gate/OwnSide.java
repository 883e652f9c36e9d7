package anubis.gate;

import anubis.config.AllowedIps;
import anubis.config.Cidr;
import anubis.config.Endpoint;
import anubis.config.PeerChange;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import anubis.host.LivePeers;
import anubis.host.Tunnel;
import anubis.linux.ErrnoException;
import anubis.linux.Processes;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The client's own side of production: one peer, the hub, on an interface that is there anyway. Where {@code anubis up} has
 * brought that up, all that a configuration file could say of the peer is done: routes, rules that keep bearer packets out
 * of the tunnel, MTU. Any other interface gets the peer and plain routes. To be used by one thread.
 */
final class OwnSide {
    /** Seconds. */
    private static final int KEEPALIVE = 25;

    private final LivePeers live;
    private final Tunnel tunnel;

    OwnSide(LivePeers live, Consumer<String> log) {
        this.live = live;
        this.tunnel = live.tunnel(log);
    }

    /** Makes the hub the peer, in the place of {@code before}; all is as it was if that fails. */
    void up(Reply.Terms terms, Optional<PresharedKey> presharedKey, Optional<Reply.Terms> before) throws IOException {
        Endpoint endpoint = terms.endpoints().stream()
                .findFirst()
                .orElseThrow(() -> new IOException("the hub does not tell its endpoint"));
        String peer = "[Peer]\nPublicKey = " + terms.productionKey() + "\n"
                + presharedKey.map(OwnSide::line).orElse("")
                + "AllowedIPs = "
                + terms.prefixes().stream().map(Cidr::toString).collect(Collectors.joining(", "))
                + "\nEndpoint = " + endpoint + "\nPersistentKeepalive = " + KEEPALIVE + "\n";
        if (there(() -> tunnel.guests(peer))) {
            return;
        }
        Endpoint address = new Endpoint(InetAddress.getByName(endpoint.host()).getHostAddress(), endpoint.port());
        Cidr host = Cidr.host(address.address());
        if (terms.prefixes().stream().anyMatch(prefix -> prefix.contains(host))) {
            throw new IOException(
                    "the hub's endpoint " + address + " is in what is to go through the tunnel to it: bring "
                            + live.name() + " up with 'anubis up', which keeps such packets out");
        }
        PeerChange hub = new PeerChange(
                terms.productionKey(),
                PeerChange.Mode.ADD_OR_UPDATE,
                Optional.of(presharedKey.orElse(PresharedKey.NONE)),
                Optional.of(address),
                OptionalInt.of(KEEPALIVE),
                Optional.of(AllowedIps.exactly(terms.prefixes())));
        List<PeerChange> old = before
                .map(Reply.Terms::productionKey)
                .filter(key -> !key.equals(terms.productionKey()))
                .map(PeerChange::remove)
                .stream()
                .toList();
        List<Cidr> left = before.map(Reply.Terms::prefixes).orElse(List.of()).stream()
                .filter(prefix -> !terms.prefixes().contains(prefix))
                .toList();
        join(live.change(
                new LivePeers.Change(Stream.concat(Stream.of(hub), old.stream()).toList(), terms.prefixes(), left)));
    }

    private static String line(PresharedKey key) {
        return "PresharedKey = " + Base64.getEncoder().encodeToString(key.bytes()) + "\n";
    }

    /** Takes the hub's peer away, if the interface is there, and the peer on it. */
    void down(PublicKey hub, List<Cidr> prefixes) throws IOException {
        if (!there(this::isInterface)) {
            return;
        }
        if (there(() -> tunnel.guests(""))) {
            return;
        }
        join(live.change(new LivePeers.Change(List.of(PeerChange.remove(hub)), List.of(), prefixes)));
    }

    private boolean isInterface() {
        try {
            Processes.interfaceIndex(live.name());
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    /** Does something in the network namespace of the interface, which that of the caller need not be. */
    private boolean there(Callable<Boolean> work) throws IOException {
        return join(live.call(work));
    }

    private static <T> T join(CompletableFuture<T> future) throws IOException {
        try {
            return future.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(String.valueOf(cause.getMessage()), e);
        }
    }
}
