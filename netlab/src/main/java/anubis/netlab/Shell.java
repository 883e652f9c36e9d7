package anubis.netlab;

import anubis.linux.NetworkNamespace;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Runs shell scripts in network namespaces. */
final class Shell {
    private Shell() {}

    /**
     * Runs a script to its end.
     *
     * @param where for the text of the error
     * @throws IOException if a command fails, with what it said
     */
    static void run(NetworkNamespace namespace, String where, String script) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("nsenter", "--net=" + namespace.path(), "sh")
                .redirectErrorStream(true)
                .start();
        try (OutputStream out = process.getOutputStream()) {
            out.write(script.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(where + ": " + said.strip() + "\n" + script);
        }
    }
}
