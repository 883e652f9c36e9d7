package anubis.plan;

import static org.assertj.core.api.Assertions.assertThat;

import anubis.plan.Segment.Kind;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NetworkSchemaTest {
    private static Object schema = Map.of();

    @BeforeAll
    static void read() throws IOException {
        String text = Files.readString(Path.of("../docs/network.schema.json"));
        try (JsonParser json = new JsonFactory().createParser(text)) {
            json.nextToken();
            schema = value(json);
        }
    }

    private static Object value(JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.START_OBJECT) {
            Map<String, Object> object = new LinkedHashMap<>();
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                json.nextToken();
                object.put(key, value(json));
            }
            return object;
        }
        if (json.currentToken() == JsonToken.START_ARRAY) {
            List<Object> array = new ArrayList<>();
            while (json.nextToken() != JsonToken.END_ARRAY) {
                array.add(value(json));
            }
            return array;
        }
        return json.getText();
    }

    /** What is at the end of a path of keys. */
    private static Object at(String... path) {
        Object value = schema;
        for (String key : path) {
            assertThat(value).isInstanceOf(Map.class);
            value = Optional.ofNullable(((Map<?, ?>) value).get(key)).orElseThrow();
        }
        return value;
    }

    private static List<?> keys(String... path) {
        return List.copyOf(((Map<?, ?>) at(path)).keySet());
    }

    @Test
    @DisplayName("Editors are told of the keys that the parser knows")
    void keys() {
        assertThat(keys("properties")).isEqualTo(NetworkKeys.NETWORK);
        assertThat(keys("definitions", "network", "properties")).isEqualTo(NetworkKeys.SEGMENT);
        assertThat(keys("definitions", "host", "properties")).isEqualTo(NetworkKeys.HOST);
        assertThat(keys("definitions", "situation", "properties")).isEqualTo(NetworkKeys.SITUATION);
    }

    @Test
    @DisplayName("Editors are told of the words that the parser knows")
    void words() {
        assertThat(at("definitions", "network", "properties", "kind", "enum")).isEqualTo(texts(Kind.values()));
        assertThat(at("definitions", "host", "properties", "role", "enum")).isEqualTo(texts(Role.values()));
        assertThat(at("definitions", "host", "properties", "through", "enum")).isEqualTo(texts(Through.values()));
    }

    private static List<String> texts(Object[] words) {
        return Stream.of(words).map(Object::toString).toList();
    }

    @ParameterizedTest
    @DisplayName("The examples name the schema")
    @MethodSource("anubis.plan.NetworkTextTest#examples")
    void named(Path example) throws IOException {
        assertThat(Files.readString(example)).startsWith("#:schema ../network.schema.json\n");
    }

    @Test
    @DisplayName("The page tells of every key and word, and its example is a description")
    void page() throws Exception {
        String page = Files.readString(Path.of("../docs/network.md"));

        Stream.of(NetworkKeys.NETWORK, NetworkKeys.SEGMENT, NetworkKeys.HOST, NetworkKeys.SITUATION)
                .flatMap(List::stream)
                .filter(key -> !List.of("networks", "hosts", "situations").contains(key))
                .forEach(key -> assertThat(page).containsPattern("(?m)^\\|.*`" + key + "[.`]"));
        Stream.of(Kind.values(), Role.values(), Through.values())
                .flatMap(Stream::of)
                .forEach(word -> assertThat(page).contains("`" + word + "`"));
        int begin = page.indexOf("```toml\n") + "```toml\n".length();
        Network example = NetworkFile.parse("page", page.substring(begin, page.indexOf("```", begin)));
        assertThat(example.hosts()).containsOnlyKeys("server", "phone");
    }
}
