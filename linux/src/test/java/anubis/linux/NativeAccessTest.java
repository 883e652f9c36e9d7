package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class NativeAccessTest {
    @Test
    void namesTheOptionThatIsMissing() throws Exception {
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "--illegal-native-access=deny",
                        "-cp",
                        ClassPath.all(),
                        ReadClock.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(output)
                .contains("UnsatisfiedLinkError")
                .contains("--enable-native-access=anubis.linux")
                .doesNotContain("reached");
    }

    static final class ReadClock {
        private ReadClock() {}

        public static void main(String[] arguments) {
            System.out.println("reached " + Clock.boottime());
        }
    }
}
