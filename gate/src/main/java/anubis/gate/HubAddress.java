package anubis.gate;

import anubis.config.Endpoint;
import anubis.crypto.PresharedKey;
import anubis.crypto.PublicKey;
import java.util.Optional;

/**
 * A hub that this host can ask.
 *
 * @param name by which people call it
 * @param key its gate key
 * @param endpoint of its gate tunnel
 * @param presharedKey of the production tunnel to it
 */
public record HubAddress(String name, PublicKey key, Endpoint endpoint, Optional<PresharedKey> presharedKey) {}
