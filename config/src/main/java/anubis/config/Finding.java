package anubis.config;

import anubis.config.ConfigException.Problem;
import java.util.Locale;

/** Something in a configuration file that is wrong, or may be. No secret key is ever part of the text. */
public record Finding(Rule rule, Problem problem) {

    /** How sure it is that this is wrong. */
    public enum Severity {
        /** Certain: such a file is not put in force. */
        ERROR,
        /** Probable. */
        WARNING,
        /** Not wrong here, but good to know. */
        NOTE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is looked for; {@code docs/lint.md} tells more of each. */
    public enum Rule {
        SYNTAX(Severity.ERROR),
        EXPOSED_FILE(Severity.ERROR),
        ALLOWED_IP_OF_TWO(Severity.ERROR),
        PEER_TWICE(Severity.ERROR),
        OWN_KEY(Severity.ERROR),
        KEY_REUSED(Severity.ERROR),
        LOW_ORDER_KEY(Severity.ERROR),
        PLACEHOLDER_KEY(Severity.ERROR),
        MTU_IMPOSSIBLE(Severity.ERROR),
        ENDPOINT_IMPOSSIBLE(Severity.ERROR),
        ALLOWED_IP_TWICE(Severity.WARNING),
        HOST_BITS(Severity.WARNING),
        NO_ALLOWED_IPS(Severity.WARNING),
        SETTING_TWICE(Severity.WARNING),
        NO_PRIVATE_KEY(Severity.WARNING),
        PRESHARED_KEY_OF_TWO(Severity.WARNING),
        PRESHARED_KEY_ZERO(Severity.WARNING),
        ENDPOINT_OF_TWO(Severity.WARNING),
        ENDPOINT_IN_OWN_NETWORK(Severity.WARNING),
        NOBODY_BEGINS(Severity.WARNING),
        ADDRESS_OF_NETWORK(Severity.WARNING),
        ADDRESS_OF_PEER(Severity.WARNING),
        MTU_LARGE(Severity.WARNING),
        HOOK_INTERFACE(Severity.WARNING),
        ENDPOINT_INSIDE(Severity.NOTE),
        DNS_OUTSIDE(Severity.NOTE),
        KEEPALIVE_WAITS(Severity.NOTE),
        NO_PEER(Severity.NOTE);

        private final Severity severity;

        Rule(Severity severity) {
            this.severity = severity;
        }

        public Severity severity() {
            return severity;
        }

        /** As people see it: {@code own-key}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public Severity severity() {
        return rule.severity();
    }

    /** In the form of compilers, which editors understand. */
    @Override
    public String toString() {
        return "%s:%d: %s: %s: %s; %s [%s]"
                .formatted(
                        problem.file(),
                        problem.line(),
                        severity(),
                        problem.key(),
                        problem.fault(),
                        problem.remedy(),
                        rule);
    }
}
