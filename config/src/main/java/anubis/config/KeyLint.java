package anubis.config;

import anubis.config.ConfigParser.Place;
import anubis.config.Finding.Rule;
import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Looks for keys that cannot be right. */
final class KeyLint {
    /** The private keys of the examples in wg(8) and on WireGuard's site. */
    private static final Set<String> PUBLISHED =
            Set.of("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "gI6EdUSYvn8ugXOt8QQD6Yc+JyiZxIhp3GInSWRfWGE=");

    /** 43 random digits of base64 have more distinct ones, but once in 10¹⁸ keys. */
    private static final int FEWEST_DIGITS = 13;

    private static final String NEW_PAIR = "make a new pair of keys (anubis genkey, anubis pubkey)";
    private static final String NEW_PRESHARED = "make one with 'anubis genpsk'";
    private static final String ASK = "ask for the peer's key, which 'anubis pubkey' prints there";

    private final List<PeerConfig> peers;
    private final Optional<PrivateKey> privateKey;
    private final Optional<PublicKey> publicKey;
    /** The peers' keys, where there are preshared keys to compare with them. */
    private final Set<PresharedKey> theirs;

    private final LintReport report;

    private KeyLint(WireGuardConfig config, LintReport report) {
        this.peers = config.peers();
        this.privateKey = config.device().privateKey();
        this.publicKey = privateKey.map(PrivateKey::publicKey);
        this.theirs = peers.stream().anyMatch(peer -> peer.presharedKey().isPresent())
                ? peers.stream().map(peer -> same(peer.publicKey())).collect(Collectors.toSet())
                : Set.of();
        this.report = report;
    }

    static void check(WireGuardConfig config, LintReport report) {
        KeyLint lint = new KeyLint(config, report);
        lint.own();
        lint.publicKeys();
        lint.presharedKeys();
    }

    private void own() {
        privateKey.ifPresent(key -> {
            placeholder(Place.INTERFACE, "PrivateKey", KeyText.base64(key.bytes()), NEW_PAIR);
            PresharedKey own = same(key);
            if (peers.stream().anyMatch(peer -> same(peer.publicKey()).equals(own))) {
                report.of(
                        Place.INTERFACE,
                        Rule.KEY_REUSED,
                        "PrivateKey",
                        "a peer's PublicKey is the same key",
                        "put the public one there (anubis pubkey); if that was sent to anybody, " + NEW_PAIR);
            }
        });
    }

    private void publicKeys() {
        Map<PublicKey, Integer> seen = new HashMap<>();
        for (int i = 0; i < peers.size(); i++) {
            PublicKey key = peers.get(i).publicKey();
            if (key.isOfLowOrder()) {
                report.of(
                        i,
                        Rule.LOW_ORDER_KEY,
                        "PublicKey",
                        "a key of low order: its shared secrets are known to everybody, so devices refuse it",
                        ASK);
            } else {
                placeholder(i, "PublicKey", key.base64(), ASK);
            }
            if (publicKey.filter(key::equals).isPresent()) {
                report.of(
                        i,
                        Rule.OWN_KEY,
                        "PublicKey",
                        "this is the key of this interface itself, and a device leaves such a peer out",
                        "remove the section, or " + ASK);
            }
            Integer first = seen.putIfAbsent(key, i);
            if (first != null && !peers.get(i).allowedIps().incremental()) {
                report.of(
                        i,
                        Rule.PEER_TWICE,
                        "PublicKey",
                        "the peer of line " + report.lineOf(first)
                                + " has this key too, and loses its AllowedIPs to this",
                        "make one section of both, or correct the key");
            }
        }
    }

    private void presharedKeys() {
        Map<PresharedKey, Integer> seen = new HashMap<>();
        for (int i = 0; i < peers.size(); i++) {
            Optional<PresharedKey> given = peers.get(i).presharedKey();
            if (given.isPresent()) {
                presharedKey(i, given.get(), Optional.ofNullable(seen.putIfAbsent(given.get(), i)));
            }
        }
    }

    private void presharedKey(int peer, PresharedKey key, Optional<Integer> first) {
        if (key.equals(PresharedKey.NONE)) {
            report.of(
                    peer,
                    Rule.PRESHARED_KEY_ZERO,
                    "PresharedKey",
                    "a key of zeros is none at all",
                    NEW_PRESHARED + ", or remove the line");
            return;
        }
        placeholder(peer, "PresharedKey", KeyText.base64(key.bytes()), NEW_PRESHARED);
        if (privateKey.map(KeyLint::same).filter(key::equals).isPresent()) {
            report.of(
                    peer,
                    Rule.KEY_REUSED,
                    "PresharedKey",
                    "this is the PrivateKey too, so the peer knows it",
                    NEW_PAIR + ", and make the preshared one with 'anubis genpsk'");
        } else if (theirs.contains(key)
                || publicKey.map(KeyLint::same).filter(key::equals).isPresent()) {
            report.of(
                    peer,
                    Rule.KEY_REUSED,
                    "PresharedKey",
                    "this is a public key too, so it is no secret",
                    NEW_PRESHARED);
        }
        first.ifPresent(other -> report.of(
                peer,
                Rule.PRESHARED_KEY_OF_TWO,
                "PresharedKey",
                "the peer of line " + report.lineOf(other) + " has the same, so each of them knows the other's",
                NEW_PRESHARED + " for each"));
    }

    private void placeholder(int peer, String setting, String base64, String remedy) {
        if (PUBLISHED.contains(base64)) {
            report.of(
                    peer,
                    Rule.PLACEHOLDER_KEY,
                    setting,
                    "this is the key of an example that everybody can read",
                    remedy);
        } else if (distinctDigits(base64) < FEWEST_DIGITS) {
            report.of(peer, Rule.PLACEHOLDER_KEY, setting, "this is no random key but one that was made up", remedy);
        }
    }

    private static int distinctDigits(String base64) {
        long low = 0;
        long high = 0;
        for (int i = 0; i < base64.length() - 1; i++) {
            char digit = base64.charAt(i);
            low |= digit < 64 ? 1L << digit : 0;
            high |= digit < 64 ? 0 : 1L << digit; // a shift counts modulo 64
        }
        return Long.bitCount(low) + Long.bitCount(high);
    }

    /** The same 32 bytes, to be compared: of all kinds of keys, this one is compared in constant time and never printed. */
    private static PresharedKey same(PublicKey key) {
        return PresharedKey.of(key.bytes());
    }

    private static PresharedKey same(PrivateKey key) {
        return PresharedKey.of(key.bytes());
    }
}
