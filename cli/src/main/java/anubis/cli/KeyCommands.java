package anubis.cli;

import anubis.crypto.PresharedKey;
import anubis.crypto.PrivateKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The verbs that make keys, with the names and the text form that {@code wg} gives them: base64, 44 characters and a newline. */
final class KeyCommands {
    /** A key and the white space around it are shorter than this. */
    private static final int MAX_INPUT = 1024;

    private KeyCommands() {}

    static CommandSpec genkey() {
        return verb("genkey", "Prints a new private key.", "privateKey", () -> {
            warn();
            return base64(PrivateKey.generate(new SecureRandom()).bytes());
        });
    }

    static CommandSpec genpsk() {
        return verb("genpsk", "Prints a new preshared key.", "presharedKey", () -> {
            warn();
            return base64(PresharedKey.generate(new SecureRandom()).bytes());
        });
    }

    static CommandSpec pubkey() {
        return verb("pubkey", "Reads a private key and prints its public key.", "publicKey", KeyCommands::publicKey);
    }

    private static CommandSpec verb(String name, String description, String property, Callable<String> key) {
        OptionSpec json = Json.option();
        return Anubis.verb(name, description, () -> print(property, key.call(), json.getValue()))
                .addOption(json);
    }

    private static String publicKey() throws IOException {
        String text = new String(System.in.readNBytes(MAX_INPUT), StandardCharsets.US_ASCII).strip();
        return PrivateKey.ofBase64(text).publicKey().base64();
    }

    private static void warn() {
        if (StandardOutput.isFileForEveryone()) {
            Anubis.warn("warning: every user may open the file that the key is written to: set the umask to 077 first");
        }
    }

    private static String base64(byte[] key) {
        return Base64.getEncoder().encodeToString(key);
    }

    private static void print(String property, String key, boolean json) throws IOException {
        if (json) {
            Json.print(generator -> {
                generator.writeStartObject();
                generator.writeStringField(property, key);
                generator.writeEndObject();
            });
        } else {
            System.out.println(key);
        }
    }
}
