package anubis.cli;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import picocli.CommandLine.Model.CommandSpec;

/** The verbs that make keys, with the names and the text form that {@code wg} gives them: base64, 44 characters and a newline. */
final class KeyCommands {
    /** A key and the white space around it are shorter than this. */
    private static final int MAX_INPUT = 1024;

    private KeyCommands() {}

    static CommandSpec genkey() {
        return Anubis.verb(
                "genkey",
                "Prints a new private key.",
                () -> print(PrivateKey.generate(new SecureRandom()).bytes()));
    }

    static CommandSpec genpsk() {
        return Anubis.verb(
                "genpsk",
                "Prints a new preshared key.",
                () -> print(PresharedKey.generate(new SecureRandom()).bytes()));
    }

    static CommandSpec pubkey() {
        return Anubis.verb("pubkey", "Reads a private key and prints its public key.", () -> {
            String text = new String(System.in.readNBytes(MAX_INPUT), StandardCharsets.US_ASCII).strip();
            System.out.println(PrivateKey.ofBase64(text).publicKey().base64());
        });
    }

    private static void print(byte[] key) {
        System.out.println(Base64.getEncoder().encodeToString(key));
    }
}
