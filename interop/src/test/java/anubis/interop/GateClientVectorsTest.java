package anubis.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The test vectors of docs/gate-protocol.md, computed anew by gate-client.py: a client written from that page alone, in another
 * language and with another library (libsodium).
 */
final class GateClientVectorsTest {
    private static final String PYTHON = "/usr/bin/python3";
    private static final Path PAGE = Path.of("..", "docs", "gate-protocol.md");
    private static final String HEADING = "## Test vectors";

    @TempDir
    Path directory;

    private record Result(int status, String output) {}

    private static Result vectors(Path page) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of(PYTHON)), PYTHON + " is missing: install python3-nacl");
        Process process = new ProcessBuilder(PYTHON, "src/test/resources/gate-client.py", "vectors", page.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assumeFalse(output.contains("No module named 'nacl'"), PYTHON + " has no nacl: install python3-nacl");
        return new Result(process.waitFor(), output);
    }

    /** The lines of the page's vectors, {@code name: hex digits}. */
    static List<String> lines() throws IOException {
        return Files.readAllLines(PAGE).stream()
                .dropWhile(line -> !line.equals(HEADING))
                .filter(line -> line.matches("[^:]+: [0-9a-f]+"))
                .toList();
    }

    @Test
    void thePageIsReproduced() throws IOException, InterruptedException {
        assertThat(lines()).hasSizeGreaterThan(10);
        assertThat(vectors(PAGE)).isEqualTo(new Result(0, """
                                {"operation": "up", "code": 0, "identifier": "400000006923f0000000002a", \
                                "sentence": "done", "hubKey": "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns=", \
                                "endpoints": ["192.0.2.1:51820"], "prefixes": ["10.0.0.0/8"], "leaseLeft": 3600, "state": "up"}
                                """));
    }

    /** Otherwise the client would compare nothing. */
    @ParameterizedTest
    @MethodSource("lines")
    void aPageThatDiffersInOneDigitIsRefused(String line) throws IOException, InterruptedException {
        int first = line.indexOf(": ") + 2;
        String changed = line.substring(0, first) + (line.charAt(first) == '0' ? '1' : '0') + line.substring(first + 1);
        Path page = Files.writeString(
                directory.resolve("page.md"), Files.readString(PAGE).replace(line + "\n", changed + "\n"));
        Result result = vectors(page);
        assertThat(result.status()).isEqualTo(2);
        assertThat(result.output()).contains("computed is");
    }
}
