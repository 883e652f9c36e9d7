package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class KeyCommandsTest {
    private final InputStream standardInput = System.in;
    private final PrintStream standardOutput = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @AfterEach
    void giveBack() {
        System.setIn(standardInput);
        System.setOut(standardOutput);
    }

    private int anubis(String input, String... args) {
        out.reset();
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        CommandLine anubis = Anubis.commandLine();
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(args);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aPrivateKeyIsClampedAndEachIsNew() {
        assertThat(anubis("", "genkey")).isZero();
        String first = output();
        byte[] key = Base64.getDecoder().decode(first.strip());
        assertThat(key).hasSize(32);
        assertThat(key[0] & 7).isZero();
        assertThat(key[31] & 0xC0).isEqualTo(0x40);

        assertThat(anubis("", "genkey")).isZero();
        assertThat(output()).hasSize(45).endsWith("\n").isNotEqualTo(first);
    }

    @Test
    void eachPresharedKeyIsNew() {
        assertThat(anubis("", "genpsk")).isZero();
        String first = output();
        assertThat(Base64.getDecoder().decode(first.strip())).hasSize(32);

        assertThat(anubis("", "genpsk")).isZero();
        assertThat(output()).isNotEqualTo(first);
    }

    /** The pair of Alice in RFC 7748, section 6.1. */
    @ParameterizedTest
    @ValueSource(strings = {"", "\n", " \r\n"})
    void thePublicKeyIsThatOfTheRfc(String trailer) {
        assertThat(anubis("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=" + trailer, "pubkey"))
                .isZero();
        assertThat(output()).isEqualTo("hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n");
    }

    @ParameterizedTest
    @CsvSource({"genkey, privateKey", "genpsk, presharedKey", "pubkey, publicKey"})
    void jsonNamesTheKey(String verb, String property) {
        assertThat(anubis("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=", verb, "--json"))
                .isZero();
        assertThat(output()).matches("\\{\"" + property + "\":\"[A-Za-z0-9+/]{43}=\"}\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "secret", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=x"})
    void refusesWhatIsNoKeyWithoutRepeatingIt(String input) {
        assertThat(anubis(input, "pubkey")).isEqualTo(1);
        assertThat(output()).isEmpty();
        assertThat(err.toString().lines()).hasSize(1);
        if (!input.isEmpty()) {
            assertThat(err.toString()).doesNotContain(input);
        }
    }
}
