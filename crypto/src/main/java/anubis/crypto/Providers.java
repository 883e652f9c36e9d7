package anubis.crypto;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Chooses the provider. No class of the one that is not chosen is loaded where libcrypto is chosen. */
final class Providers {
    static final String VARIABLE = "ANUBIS_CRYPTO";

    private static volatile @Nullable Primitives chosen;

    private Providers() {}

    static Primitives chosen() {
        Primitives primitives = chosen;
        return primitives != null ? primitives : chooseOnce();
    }

    private static synchronized Primitives chooseOnce() {
        Primitives primitives = chosen;
        if (primitives == null) {
            primitives = choose(System.getenv(VARIABLE), LibcryptoPrimitives::new, JdkPrimitives::new);
            chosen = primitives;
        }
        return primitives;
    }

    static Primitives choose(@Nullable String forced, Supplier<Primitives> openssl, Supplier<Primitives> jdk) {
        return switch (forced == null ? "" : forced) {
            case "openssl" -> forced("openssl", openssl);
            case "jdk" -> forced("jdk", jdk);
            case "" -> firstUsable(openssl, jdk);
            default ->
                throw new IllegalStateException(
                        VARIABLE + " is '" + forced + "': set it to jdk or openssl, or unset it");
        };
    }

    private static Primitives forced(String name, Supplier<Primitives> provider) {
        try {
            return tested(provider);
        } catch (RuntimeException | LinkageError e) {
            throw new IllegalStateException(VARIABLE + " forces " + name + ", which cannot be used: " + reason(e), e);
        }
    }

    private static Primitives firstUsable(Supplier<Primitives> openssl, Supplier<Primitives> jdk) {
        RuntimeException failure;
        try {
            return tested(openssl);
        } catch (RuntimeException | LinkageError e) {
            failure = new IllegalStateException("openssl cannot be used: " + reason(e), e);
        }
        try {
            return tested(jdk);
        } catch (RuntimeException | LinkageError e) {
            var neither = new IllegalStateException(failure.getMessage() + "; nor can jdk: " + reason(e), e);
            neither.addSuppressed(failure);
            throw neither;
        }
    }

    private static Primitives tested(Supplier<Primitives> provider) {
        Primitives primitives = provider.get();
        SelfTest.run(primitives);
        return primitives;
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            if (cause instanceof IllegalStateException) {
                break; // written for the user; what lies below is not
            }
            cause = cause.getCause();
        }
        if (cause instanceof IllegalCallerException) {
            Module module = Providers.class.getModule();
            return "native access is not enabled: start java with --enable-native-access="
                    + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
        }
        String message = cause.getMessage();
        return message == null ? cause.toString() : message;
    }
}
