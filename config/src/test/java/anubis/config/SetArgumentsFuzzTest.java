package anubis.config;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

class SetArgumentsFuzzTest {
    /** Any words are refused, or are a request; a file is what its name is. */
    @FuzzTest
    void parse(byte[] data) {
        SetArguments.Outside outside = new SetArguments.Outside() {
            @Override
            public String read(String file) {
                return file;
            }

            @Override
            public Endpoint resolve(Endpoint endpoint) {
                return new Endpoint("192.0.2.1", endpoint.port());
            }
        };
        List<String> words = List.of(new String(data, StandardCharsets.UTF_8).split(" ", -1));
        try {
            SetArguments.parse(words, outside).request();
        } catch (IllegalArgumentException | IOException refused) {
            // As it should be.
        }
    }
}
