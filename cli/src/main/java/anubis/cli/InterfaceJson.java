package anubis.cli;

import anubis.config.Cidr;
import anubis.config.InterfaceConfig;
import anubis.config.PeerConfig;
import anubis.config.ShowField;
import anubis.config.ShowText.Secrets;
import anubis.config.UapiDevice;
import anubis.config.UapiPeer;
import anubis.config.WireGuardConfig;
import anubis.crypto.PublicKey;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The state of interfaces as JSON, with the names and the structure that the script wg-json gives it, which comes with
 * wireguard-tools: the interfaces by name, the peers of each by public key. Times are in seconds since 1970.
 */
final class InterfaceJson {
    private static final Set<ShowField> SETTINGS = EnumSet.of(
            ShowField.PRIVATE_KEY,
            ShowField.LISTEN_PORT,
            ShowField.FWMARK,
            ShowField.PRESHARED_KEYS,
            ShowField.ENDPOINTS,
            ShowField.ALLOWED_IPS,
            ShowField.PERSISTENT_KEEPALIVE);

    private final JsonGenerator json;
    private final Set<ShowField> fields;
    private final Secrets secrets;

    private InterfaceJson(JsonGenerator json, Set<ShowField> fields, Secrets secrets) {
        this.json = json;
        this.fields = fields;
        this.secrets = secrets;
    }

    /** One field or all. Secrets that are asked for by name are shown, as {@code wg} does. */
    static Json.Value of(Map<String, UapiDevice> devices, Optional<ShowField> field, Secrets secrets) {
        boolean whole = field.filter(one -> one != ShowField.DUMP).isEmpty();
        Set<ShowField> fields = whole ? EnumSet.allOf(ShowField.class) : EnumSet.of(field.orElseThrow());
        return json -> new InterfaceJson(json, fields, field.isPresent() ? Secrets.SHOWN : secrets).write(devices);
    }

    /** What a configuration file says, secrets included. */
    static Json.Value settings(String name, UapiDevice device) {
        return json -> new InterfaceJson(json, SETTINGS, Secrets.SHOWN).write(Map.of(name, device));
    }

    /** The same of a file, whose endpoints may be names. Of a peer that is there twice, the last section counts. */
    static Json.Value settings(String name, WireGuardConfig config) {
        Map<PublicKey, UapiPeer> peers = new LinkedHashMap<>();
        config.peers().forEach(peer -> peers.put(peer.publicKey(), asReported(peer)));
        InterfaceConfig device = config.device();
        return settings(
                name,
                new UapiDevice(
                        device.privateKey(),
                        device.listenPort().orElse(0),
                        device.fwMark().orElse(0),
                        List.copyOf(peers.values())));
    }

    private static UapiPeer asReported(PeerConfig peer) {
        return new UapiPeer(
                peer.publicKey(),
                peer.presharedKey(),
                1,
                peer.endpoint(),
                peer.persistentKeepalive().orElse(0),
                peer.allowedIps().prefixes().stream().map(Cidr::masked).toList(),
                0,
                0,
                Optional.empty());
    }

    private void write(Map<String, UapiDevice> devices) throws IOException {
        json.writeStartObject();
        for (Map.Entry<String, UapiDevice> each : devices.entrySet()) {
            json.writeObjectFieldStart(each.getKey());
            write(each.getValue());
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void write(UapiDevice device) throws IOException {
        if (device.privateKey().isPresent()) {
            text(
                    ShowField.PRIVATE_KEY,
                    "privateKey",
                    secret(device.privateKey().get().bytes()));
            text(
                    ShowField.PUBLIC_KEY,
                    "publicKey",
                    device.privateKey().get().publicKey().base64());
        }
        number(ShowField.LISTEN_PORT, "listenPort", device.listenPort());
        number(ShowField.FWMARK, "fwmark", device.fwMark());
        json.writeObjectFieldStart("peers");
        for (UapiPeer peer : device.peers()) {
            json.writeObjectFieldStart(peer.publicKey().base64());
            write(peer);
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void write(UapiPeer peer) throws IOException {
        if (peer.presharedKey().isPresent()) {
            text(
                    ShowField.PRESHARED_KEYS,
                    "presharedKey",
                    secret(peer.presharedKey().get().bytes()));
        }
        if (peer.endpoint().isPresent()) {
            text(ShowField.ENDPOINTS, "endpoint", peer.endpoint().get().toString());
        }
        number(
                ShowField.LATEST_HANDSHAKES,
                "latestHandshake",
                peer.latestHandshake().map(Instant::getEpochSecond).orElse(0L));
        if (fields.contains(ShowField.TRANSFER)) {
            json.writeNumberField("transferRx", peer.rxBytes());
            json.writeNumberField("transferTx", peer.txBytes());
        }
        number(ShowField.PERSISTENT_KEEPALIVE, "persistentKeepalive", peer.persistentKeepalive());
        if (fields.contains(ShowField.ALLOWED_IPS)) {
            String[] prefixes = peer.allowedIps().stream().map(Cidr::toString).toArray(String[]::new);
            json.writeFieldName("allowedIps");
            json.writeArray(prefixes, 0, prefixes.length);
        }
    }

    private void text(ShowField field, String name, String value) throws IOException {
        if (fields.contains(field)) {
            json.writeStringField(name, value);
        }
    }

    /** A number that is absent where it is zero. */
    private void number(ShowField field, String name, long value) throws IOException {
        if (fields.contains(field) && value != 0) {
            json.writeNumberField(name, value);
        }
    }

    private String secret(byte[] key) {
        return secrets == Secrets.SHOWN ? Base64.getEncoder().encodeToString(key) : "(hidden)";
    }
}
