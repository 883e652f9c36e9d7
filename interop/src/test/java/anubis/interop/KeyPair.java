package anubis.interop;

import anubis.lab.LabHost;
import java.util.List;

/** Keys as {@code wg} makes and writes them: in Base64. */
record KeyPair(String privateKey, String publicKey) {
    static KeyPair generate(LabHost host) {
        List<String> keys = host.run("sh", "-c", "k=$(wg genkey); echo $k; echo $k | wg pubkey")
                .lines()
                .toList();
        return new KeyPair(keys.get(0), keys.get(1));
    }
}
