package anubis.host;

import java.util.Locale;
import java.util.Optional;

/** The drop counters of a device by the names that the protocol gives them: what each means, and what to do about it. */
public enum DropReason {
    MALFORMED(
            "datagrams came that are no WireGuard messages",
            "Something else talks to this port: a scanner, or a program with a wrong address. A few do no harm; a firewall"
                    + " rule for the port keeps them out."),
    HANDSHAKE_QUEUE_FULL(
            "handshake messages came faster than they could be read",
            "This host is flooded or has no processor time. Look at its load, and limit the port in the firewall. Honest"
                    + " peers try again by themselves."),
    WRONG_MAC1(
            "handshake messages were made for another public key than this interface's",
            "A peer has a wrong public key of this host, perhaps an old one: compare its PublicKey with 'wg show NAME"
                    + " public-key' here. Strangers who probe the port are counted here, too."),
    COOKIE_DEMANDED(
            "under load, handshake messages without a cookie were answered with one",
            "Nothing: an honest peer repeats its message with the cookie. If it goes on, this host is flooded; limit the"
                    + " port in the firewall."),
    RATE_LIMITED(
            "under load, one source sent more than 20 handshake messages a second",
            "Find the source with 'tcpdump udp port PORT' and block it in the firewall. Many peers behind one NAT can be"
                    + " the cause, too; they get through by and by."),
    NO_PRIVATE_KEY(
            "handshake messages came while the interface had no private key",
            "Set it: 'wg set NAME private-key FILE', or PrivateKey in the configuration."),
    HANDSHAKE_NOT_AUTHENTIC(
            "handshake messages did not decrypt",
            "If it is counted with one peer, the preshared keys of the two ends differ: set the same PresharedKey on both,"
                    + " or none. Otherwise somebody sends forged messages, and nothing need be done."),
    UNKNOWN_PEER(
            "a host whose public key is no peer's here asked for a handshake",
            "Add it as a peer if it should be one. If it was a peer, its key pair has been changed: give its new PublicKey"
                    + " to this host."),
    STALE_TIMESTAMP(
            "initiations were not later than one seen before",
            "The peer's clock went back, as it does on a host without a clock battery: let it set its clock (NTP) before"
                    + " the tunnel starts. Or two hosts use the same private key: give each its own. A few are replays by"
                    + " the network."),
    INITIATION_TOO_SOON(
            "initiations came within 20 ms of the one before",
            "Commonly nothing: the network has doubled or delayed them. If it goes on, two hosts use the same private"
                    + " key."),
    UNKNOWN_INDEX(
            "messages were for a handshake or a key that is no more",
            "Nothing if they are few: the other end has not noticed a restart yet, and does within 15 s. If it goes on,"
                    + " two hosts use the same private key or the same port behind one NAT."),
    COOKIE_NOT_AUTHENTIC(
            "cookie replies came that answer nothing we sent",
            "Commonly nothing: they came late. Many are an attempt to disturb; they change nothing."),
    KEYPAIR_EXPIRED(
            "transport data came under a key older than 180 s",
            "Nothing if they are few: packets that were delayed. If it goes on, new handshakes fail: see what else is"
                    + " said of this peer, and whether its clock stood still (a virtual machine that was paused)."),
    NOT_AUTHENTIC(
            "transport data did not decrypt",
            "Datagrams are damaged or forged on the way. Look for a device between that changes UDP payloads, and at the"
                    + " error counters of the network card; switch off its checksum offload to try."),
    REPLAYED(
            "transport data came twice, or far too late",
            "The network doubles or reorders packets: bonded links, or a bridge with a loop. A few do no harm."),
    INNER_MALFORMED("packets from a peer are not IP", "The peer's program is faulty: bring it up to date."),
    SOURCE_NOT_ALLOWED(
            "packets from a peer had a source address outside of its AllowedIPs",
            "If the peer may use that address, add it to its AllowedIPs here ('tcpdump -i NAME' on the peer shows it)."
                    + " Commonly the peer forwards for others without NAT, or sends from an address of another"
                    + " interface."),
    CONGESTION_MARK_LOST(
            "packets were marked congested outside, but carry no ECN inside",
            "Nothing: to drop them is how the sender learns of the congestion. Many say that the way is overloaded."),
    CONTROL_TRUNCATED(
            "datagrams came with more control data than was expected",
            "This is a fault of the device: report it, with the version of the kernel."),
    TUNNEL_WRITE_FAILED(
            "the interface did not take decrypted packets",
            "Set it up: 'ip link set NAME up'. If it is up, 'dmesg' may tell why."),
    NOT_IP(
            "packets that are not IP were sent into the interface",
            "The interface carries IPv4 and IPv6 alone: it cannot be part of a bridge."),
    NO_ROUTE(
            "packets had a destination that is in no peer's AllowedIPs",
            "Add the destination to the AllowedIPs of the peer that leads there, or take the route to it away from the"
                    + " interface: 'ip route show dev NAME'. Multicast (ff02::, 224.0.0.0/4) is counted here and does no"
                    + " harm."),
    NO_ENDPOINT(
            "packets were for a peer of which no address is known",
            "Give the peer an Endpoint, or wait until it comes by itself; if it is behind NAT, let it have"
                    + " PersistentKeepalive = 25."),
    STAGED_OVERFLOW(
            "too many packets waited for a handshake",
            "The handshake takes long or fails: see what else is said of this peer. Once it is done, nothing more is"
                    + " dropped."),
    HANDSHAKE_GAVE_UP(
            "packets waited 90 s for a handshake that was not answered",
            "The peer does not answer: is it running, is the Endpoint right, does a firewall let UDP through, is the"
                    + " PublicKey the right one?"),
    INTERFACE_DOWN(
            "packets or handshake messages met an interface that was down, or a peer just removed",
            "Nothing if it was meant so; otherwise 'ip link set NAME up'."),
    NETWORK_SEND_FAILED(
            "the network of this host did not take datagrams",
            "There is no route to the endpoint, or a firewall rule of this host forbids it: try 'ip route get ADDRESS' with"
                    + " the endpoint's address. Or the MTU of NAME is larger than a datagram can carry: see 'anubis mtu"
                    + " NAME'.");

    private final String meaning;
    private final String remedy;

    DropReason(String meaning, String remedy) {
        this.meaning = meaning;
        this.remedy = remedy;
    }

    /** What happened, as the rest of a sentence that begins with the number of packets. */
    public String meaning() {
        return meaning;
    }

    /** What to do. NAME stands for the interface. */
    public String remedy() {
        return remedy;
    }

    /** The name of the counter in the device's answer: {@code dropped_wrong_mac1}. */
    public String counter() {
        return "dropped_" + name().toLowerCase(Locale.ROOT);
    }

    /** The reason of a counter; none for one that a later version has brought. */
    public static Optional<DropReason> ofCounter(String counter) {
        for (DropReason reason : values()) {
            if (reason.counter().equals(counter)) {
                return Optional.of(reason);
            }
        }
        return Optional.empty();
    }
}
