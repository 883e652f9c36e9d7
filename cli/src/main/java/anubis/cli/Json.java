package anubis.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Model.OptionSpec;

/** What a verb prints, as JSON (RFC 8259): one value a line. Whatever is absent is left out, never null. */
final class Json {
    private static final JsonFactory FACTORY =
            JsonFactory.builder().build().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

    private Json() {}

    /** Writes one value. */
    interface Value {
        void write(JsonGenerator json) throws IOException;
    }

    /** The option of every verb that prints something; its value is a boolean, never null. */
    static OptionSpec option() {
        return OptionSpec.builder("--json")
                .type(boolean.class)
                .defaultValue("false")
                .description("Print JSON.")
                .build();
    }

    /** Prints one value to the standard output and ends the line. */
    static void print(Value value) throws IOException {
        print(new PrintWriter(System.out, false, StandardCharsets.UTF_8), value);
    }

    /** Prints one value and ends the line. */
    static void print(PrintWriter out, Value value) throws IOException {
        try (JsonGenerator json = FACTORY.createGenerator(out).setPrettyPrinter(new MinimalPrettyPrinter())) {
            value.write(json);
        }
        out.println();
        out.flush();
    }
}
