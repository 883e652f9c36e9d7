package anubis.cli;

import anubis.crypto.Primitives;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Runs the short verbs once, so that the build can record which classes they load and have them ready at the next start. */
final class Rehearsal {
    /** Any key will do. */
    private static final String KEY = "A".repeat(43) + "=\n";

    private Rehearsal() {}

    public static void main(String[] args) {
        String[][] verbs = {
            {"--version"}, {"--help"}, {"genkey"}, {"genpsk"}, {"pubkey"}, {"device"}, {"device", "--help"}
        };
        Primitives.get().transportCipher(); // for the device
        InputStream input = System.in;
        for (String[] verb : verbs) {
            System.setIn(new ByteArrayInputStream(KEY.getBytes(StandardCharsets.US_ASCII)));
            Anubis.commandLine(verb).execute(verb);
        }
        System.setIn(input);
    }
}
