package anubis.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A device's process at one moment.
 *
 * @param minute since the beginning
 * @param kibibytes of resident memory
 */
record SoakSample(double minute, long kibibytes, long threads, long descriptors) {
    static SoakSample of(long pid, double minute) throws IOException {
        Path process = Path.of("/proc", Long.toString(pid));
        long kibibytes = 0;
        long threads = 0;
        for (String line : Files.readAllLines(process.resolve("status"))) {
            if (line.startsWith("VmRSS:")) {
                kibibytes = number(line);
            } else if (line.startsWith("Threads:")) {
                threads = number(line);
            }
        }
        try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
            return new SoakSample(minute, kibibytes, threads, descriptors.count());
        }
    }

    private static long number(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}
