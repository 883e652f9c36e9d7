package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.lab.CommandResult;
import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that we make and those that {@code wg} makes, through a shell as an administrator does it. */
final class KeyVerbsTest {
    private static final String ANUBIS = Implementation.verb()[0];

    @TempDir
    Path directory;

    private Lab lab;
    private LabHost host;

    @BeforeEach
    void open() {
        Lab.obstacle().ifPresent(why -> assumeTrue(false, why));
        Implementation.ANUBIS.prepare();
        lab = Lab.open();
        host = lab.host("alone");
    }

    @AfterEach
    void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private CommandResult shell(String script) {
        return host.execute("sh", "-c", "cd " + directory + "; " + script);
    }

    @ParameterizedTest
    @ValueSource(strings = {"wg", "anubis"})
    void bothMakeTheSamePublicKey(String maker) {
        String genkey = (maker.equals("wg") ? "wg" : ANUBIS) + " genkey";
        String keys = shell("umask 077; " + genkey + " > key; wg pubkey < key; " + ANUBIS + " pubkey < key")
                .orThrow();
        assertThat(keys.lines().distinct()).hasSize(1);
        assertThat(keys.lines()).hasSize(2);
    }

    @Test
    void aPresharedKeyIsTakenByWg() {
        assertThat(shell(ANUBIS + " genpsk | wg pubkey").orThrow()).hasSize(45);
    }

    @ParameterizedTest
    @ValueSource(strings = {"genkey", "genpsk"})
    void bothWarnWhereAndOnlyWhereEveryoneMayReadTheFile(String verb) {
        for (String umask : new String[] {"077", "027", "022"}) {
            for (String target : new String[] {"> file", "| cat > file", "> /dev/null"}) {
                String rest = " " + verb + " " + target;
                CommandResult theirs = shell("rm -f file; umask " + umask + "; wg" + rest);
                CommandResult ours = shell("rm -f file; umask " + umask + "; " + ANUBIS + rest);
                assertThat(ours.status()).isEqualTo(theirs.status()).isZero();
                assertThat(ours.stderr().isEmpty())
                        .as(umask + " " + target)
                        .isEqualTo(theirs.stderr().isEmpty());
            }
        }
    }

    @Test
    void bothRefuseWhatIsNoKey() {
        for (String text : new String[] {"", "x", "$(wg genkey)x", "$(wg genkey | tr -d =)"}) {
            String rest = " pubkey <<END\n" + text + "\nEND\n";
            assertThat(shell("wg" + rest).status()).isEqualTo(1);
            assertThat(shell(ANUBIS + rest).status()).isEqualTo(1);
        }
    }
}
