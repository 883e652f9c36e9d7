package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code anubis demo gate}: it fails by itself where it does not see what it shows. */
final class GateDemoTest {
    @TempDir
    private Path folder;

    @Test
    void theDemoShowsAllAndLeavesNothing() throws Exception {
        Tunnel.assume(new Pair(Implementation.ANUBIS, Implementation.ANUBIS));
        try (Lab lab = Lab.open()) {
            LabHost host = lab.host("demo");
            Path said = folder.resolve("said");
            Path temporary = Files.createDirectory(folder.resolve("temporary"));
            Process demo = host.start(
                    builder -> {
                        builder.environment().put("ANUBIS_JAVA_OPTS", "-Djava.io.tmpdir=" + temporary);
                        builder.redirectErrorStream(true).redirectOutput(said.toFile());
                    },
                    Implementation.ANUBIS.executable().toString(),
                    "demo",
                    "gate");

            assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(said)
                    .content()
                    .contains("the authorisation has expired.")
                    .endsWith("All of it is removed again.\n");
            assertThat(demo.exitValue()).isZero();
            assertThat(temporary).isEmptyDirectory();
            assertThat(host.run("ip", "netns", "list")).doesNotContain("anubis-" + demo.pid() + "-");
        }
    }
}
