package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.interop.GateHost.Said;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A peer that needs a second factor is up with a right code only. */
final class GateSecondFactorTest {
    private static final String CODE = "246810";
    private static final Pattern SECRET = Pattern.compile("secret=([A-Z2-7]+)");

    @TempDir
    static Path directory;

    private static GateLab lab;

    @BeforeAll
    static void open() throws Exception {
        GateLab.assume();
        Path hook = Files.createFile(
                directory.resolve("hook"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                hook,
                "#!/bin/sh\nread code\necho \"$*\" >> " + directory.resolve("asked") + "\n[ \"$1 $code\" = 'bob " + CODE
                        + "' ]\n");
        lab = new GateLab(directory, GateLab.Options.NONE.hub("second-factor-program = '" + hook + "'"));
    }

    @AfterAll
    static void close() {
        if (lab != null) {
            lab.close();
        }
    }

    private static void refused(GateHost client, String... words) {
        Said said = client.gate(words);
        assertThat(said.status()).isEqualTo(1);
        assertThat(said.value("verdict")).as(said.toString()).isEqualTo("second factor");
        assertThat(lab.hub.has(client)).isFalse();
        assertThat(client.has(lab.hub)).isFalse();
    }

    @Test
    void aProgramChecksCodes() throws Exception {
        GateLab.enter(lab.hub, lab.bob, "second-factor = \"program\"");
        refused(lab.bob, "up");
        refused(lab.bob, "up", "--code", "135791");
        // A person may come and go all day.
        for (int time = 0; time < 6; time++) {
            assertThat(lab.bob.ask("up", "code=" + CODE)).isEqualTo("done");
            assertThat(lab.bob.ask("up")).isEqualTo("already"); // which the daemon asks by itself
            assertThat(lab.bob.ask("down")).isEqualTo("done");
        }
        assertThat(lab.bob.ask("up", "code=" + CODE)).isEqualTo("done");
        RoutedLab.await("a ping", () -> lab.bob.reaches(GateLab.OFFICE));
        // The code is no argument, which all users of the machine could see.
        assertThat(Files.readString(directory.resolve("asked")).lines()).containsOnly("bob");
        assertThat(lab.bob.ask("down")).isEqualTo("done");
    }

    @Test
    void aOneTimePasswordIsRightOnce() throws Exception {
        lab.hub.run("gate", "peer", "remove", "alice");
        String told = lab.hub.run(
                GateLab.add(lab.alice, lab.alice.inner() + "," + lab.alice.network(), "--second-factor", "totp"));
        Matcher secret = SECRET.matcher(told);
        assertThat(secret.find()).isTrue();
        byte[] key = base32(secret.group(1));

        refused(lab.alice, "up");
        String code = code(key, Instant.now().getEpochSecond() / 30);
        refused(lab.alice, "up", "--code", code.equals("000000") ? "000001" : "000000");
        assertThat(lab.alice.gate("up", "--code", code).value("verdict")).isEqualTo("done");
        RoutedLab.await("a ping", () -> lab.alice.reaches(GateLab.OFFICE));
        assertThat(lab.alice.ask("renew")).isEqualTo("done");
        assertThat(lab.alice.ask("down")).isEqualTo("done");
        // The next one is valid already, but not that again.
        refused(lab.alice, "up", "--code", code);
        String next = code(key, Instant.now().getEpochSecond() / 30 + 1);
        assertThat(lab.alice.ask("up", "code=" + next)).isEqualTo("done");
        // Its hub lets in by a new code only who was down meanwhile; who dies, and lives again, is up still.
        lab.alice.killGate();
        lab.alice.startGate();
        RoutedLab.await("a ping", () -> lab.alice.reaches(GateLab.OFFICE));
        assertThat(lab.alice.asked("status")).containsEntry("peer", "up");
        assertThat(lab.alice.ask("down")).isEqualTo("done");
    }

    private static byte[] base32(String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length() * 5 / 8);
        int bits = 0;
        int held = 0;
        for (int i = 0; i < text.length(); i++) {
            bits = bits << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(text.charAt(i));
            held += 5;
            if (held >= 8) {
                held -= 8;
                bytes.put((byte) (bits >> held));
            }
        }
        return bytes.array();
    }

    /** RFC 6238, written once more, that it is not our own code that tells whether our code is right. */
    private static String code(byte[] key, long step) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(key, "HmacSHA1"));
        ByteBuffer hash = ByteBuffer.wrap(
                mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(step).array()));
        return "%06d".formatted((hash.getInt(hash.get(19) & 15) & 0x7fff_ffff) % 1_000_000);
    }
}
