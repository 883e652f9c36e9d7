package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.lab.Lab;
import anubis.lab.LabHost;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code anubis demo couchnet}: it fails by itself where a ping does not go as it is proved. */
final class CouchnetDemoTest {
    @TempDir
    private Path folder;

    @Test
    void everyPingOfCouchNetIsAsProvedInAllItsSituations() throws Exception {
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
                    "couchnet");

            assertThat(demo.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(said).content().contains(" pings in 9 situations: every one as proved");
            assertThat(demo.exitValue()).isZero();
            try (Stream<Path> left = Files.walk(temporary)) {
                assertThat(left.filter(file -> file.toString().endsWith(".dot")))
                        .hasSize(9);
            }
        }
    }
}
