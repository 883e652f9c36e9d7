package anubis.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.crypto.PrivateKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateDaemonTest {
    @TempDir
    private Path folder;

    @Test
    void whileItWaitsForProductionVerbsAreToldSo() throws Exception {
        assumeTrue(
                Files.isWritable(Files.exists(ControlSocket.DIRECTORY) ? ControlSocket.DIRECTORY : Path.of("/run")),
                "the folder of the gate's socket cannot be written without root");
        String name = "gd" + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX);
        GateConfig config =
                new GateConfig(name, PrivateKey.generate(new SecureRandom()), 0, Optional.empty(), List.of());
        CompletableFuture<String> waiting = new CompletableFuture<>();
        CompletableFuture<String> failure = new CompletableFuture<>();
        Thread opening = Thread.ofPlatform().start(() -> {
            try (GateDaemon daemon = GateDaemon.open(config, folder, _ -> {}, waiting::complete)) {
                daemon.end();
            } catch (IOException e) {
                failure.complete(String.valueOf(e.getMessage()));
            }
        });

        assertThat(waiting.get(10, TimeUnit.SECONDS)).startsWith("waiting for " + name + ": ");
        assertThatThrownBy(() -> Control.ask(Optional.of(name), new Control.Question("up", Map.of())))
                .isInstanceOf(IOException.class)
                .hasMessage("the gate waits for " + name + ": bring it up with 'anubis up " + name + "'");

        opening.interrupt();
        assertThat(failure.get(10, TimeUnit.SECONDS)).isEqualTo("interrupted");
        assertThat(ControlSocket.path(name)).doesNotExist();
    }
}
