package anubis.cli;

import picocli.CommandLine.Model.OptionSpec;

/** An option that takes one text. */
final class TextOption {
    private TextOption() {}

    /** @param names with their hyphens, and spaces between them: the short one first */
    static OptionSpec of(String names, String label, String description) {
        return OptionSpec.builder(names.split(" ", -1))
                .paramLabel(label)
                .type(String.class)
                .description(description)
                .build();
    }
}
