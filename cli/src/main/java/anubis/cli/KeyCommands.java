package anubis.cli;

import anubis.crypto.Primitives;
import anubis.crypto.PrivateKey;
import anubis.crypto.PublicKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** The verbs that make keys, with the names and the text form that {@code wg} gives them: base64, 44 characters and a newline. */
final class KeyCommands {
    /** A key and the white space around it are shorter than this. */
    private static final int MAX_INPUT = 1024;

    private KeyCommands() {}

    static List<CommandSpec> specs() {
        return List.of(
                Anubis.verb("genkey", "Prints a new private key.", KeyCommands::genkey),
                Anubis.verb("genpsk", "Prints a new preshared key.", KeyCommands::genpsk),
                Anubis.verb("pubkey", "Reads a private key and prints its public key.", KeyCommands::pubkey));
    }

    private static void genkey() {
        byte[] scalar = random();
        scalar[0] &= (byte) 248; // clamped as RFC 7748, section 5 says
        scalar[31] = (byte) ((scalar[31] & 127) | 64);
        print(scalar);
    }

    private static void genpsk() {
        print(random());
    }

    private static void pubkey() throws IOException {
        String text = new String(System.in.readNBytes(MAX_INPUT), StandardCharsets.US_ASCII).strip();
        PrivateKey key = PrivateKey.ofBase64(text);
        System.out.println(
                PublicKey.of(Primitives.get().x25519Base(key.bytes())).base64());
    }

    private static byte[] random() {
        byte[] bytes = new byte[Primitives.KEY_LENGTH];
        new SecureRandom().nextBytes(bytes);
        return bytes;
    }

    private static void print(byte[] key) {
        System.out.println(Base64.getEncoder().encodeToString(key));
    }
}
