package anubis.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.crypto.digests.Blake2sDigest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProvidersTest {
    private static final String NATIVE_ACCESS = "--enable-native-access=anubis.crypto";

    // ---- choosing

    @Test
    void libcryptoComesFirst() {
        assertThat(choose(null).name()).isEqualTo("openssl");
        assertThat(choose("").name()).isEqualTo("openssl");
        assertThat(choose("openssl").name()).isEqualTo("openssl");
        assertThat(choose("jdk").name()).isEqualTo("jdk");
    }

    @Test
    void theOtherWhereLibcryptoCannotBeUsed() {
        assertThat(Providers.choose(null, ProvidersTest::missing, JdkPrimitives::new)
                        .name())
                .isEqualTo("jdk");
        assertThat(Providers.choose(null, () -> Wrong.of(new LibcryptoPrimitives()), JdkPrimitives::new)
                        .name())
                .isEqualTo("jdk");
    }

    @Test
    void anUnknownNameIsAnError() {
        assertThatIllegalStateException()
                .isThrownBy(() -> choose("OpenSSL"))
                .withMessage("ANUBIS_CRYPTO is 'OpenSSL': set it to jdk or openssl, or unset it");
    }

    @Test
    void whatIsForcedDoesNotFallBack() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Providers.choose("openssl", ProvidersTest::missing, JdkPrimitives::new))
                .withMessage("ANUBIS_CRYPTO forces openssl, which cannot be used: no such library");
        assertThatIllegalStateException()
                .isThrownBy(
                        () -> Providers.choose("jdk", LibcryptoPrimitives::new, () -> Wrong.of(new JdkPrimitives())))
                .withMessage("ANUBIS_CRYPTO forces jdk, which cannot be used: the self-test of jdk failed at BLAKE2s");
    }

    @Test
    void bothReasonsWhereNothingCanBeUsed() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Providers.choose(null, ProvidersTest::missing, () -> Wrong.of(new JdkPrimitives())))
                .withMessage("openssl cannot be used: no such library; "
                        + "nor can jdk: the self-test of jdk failed at BLAKE2s");
    }

    // ---- the self-test

    @ParameterizedTest
    @ValueSource(
            strings = {
                "blake2s",
                "blake2sMac",
                "hmac",
                "x25519",
                "x25519Base",
                "seal",
                "open",
                "xseal",
                "xopen",
                "transportCipher.seal",
                "transportCipher.open"
            })
    void aWrongAnswerOfAnyPrimitiveIsNoticed(String primitive) {
        Vectors.providers().forEach(provider -> {
            assertThatCode(() -> SelfTest.run(provider)).doesNotThrowAnyException();
            assertThatIllegalStateException()
                    .isThrownBy(() -> SelfTest.run(Wrong.of(provider, primitive)))
                    .withMessageStartingWith("the self-test of " + provider.name() + " failed at ");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"open", "xopen", "transportCipher.open"})
    void aForgeryAcceptedIsNoticed(String primitive) {
        Vectors.providers()
                .forEach(provider -> assertThatIllegalStateException()
                        .isThrownBy(() -> SelfTest.run(Wrong.credulous(provider, primitive)))
                        .withMessageContaining("failed at a forgery of"));
    }

    // ---- a JVM of its own: what a user sees

    @Test
    void libcryptoIsChosenAndNothingElseIsLoaded() throws Exception {
        List<String> output = run("", NATIVE_ACCESS, "-Xlog:class+load:stdout");
        assertThat(output).contains("provider: openssl");
        assertThat(output)
                .noneMatch(line -> line.contains(" org.bouncycastle."))
                .noneMatch(line -> line.contains(" com.sun.crypto.provider."))
                .noneMatch(line -> line.contains(" javax.crypto.Cipher "));
    }

    @Test
    void theVariableForcesTheJdk() throws Exception {
        assertThat(run("jdk", NATIVE_ACCESS)).contains("provider: jdk");
    }

    @Test
    void theFlagIsNamedWhereNativeAccessIsDenied() throws Exception {
        assertThat(run("openssl", "--illegal-native-access=deny"))
                .contains("error: ANUBIS_CRYPTO forces openssl, which cannot be used: native access is not enabled: "
                        + "start java with --enable-native-access=anubis.crypto");
        assertThat(run("", "--illegal-native-access=deny")).contains("provider: jdk");
    }

    @Test
    void anUnknownNameIsSaid() throws Exception {
        assertThat(run("boring", NATIVE_ACCESS))
                .contains("error: ANUBIS_CRYPTO is 'boring': set it to jdk or openssl, or unset it");
    }

    private static List<String> run(String forced, String... options)
            throws IOException, InterruptedException, URISyntaxException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(Arrays.asList(options));
        command.addAll(List.of(
                "--module-path",
                place(Primitives.class) + File.pathSeparator + place(Blake2sDigest.class),
                "--patch-module",
                "anubis.crypto=" + testClasses(),
                "--module",
                "anubis.crypto/anubis.crypto.PrintProvider"));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put(Providers.VARIABLE, forced);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.lines().toList();
    }

    private static String place(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
                .toString();
    }

    /** The test's own class is part of the module, whose place is that of the main classes. */
    private static String testClasses() throws URISyntaxException {
        return Path.of(place(Primitives.class)).resolveSibling("test-classes").toString();
    }

    private static Primitives choose(@Nullable String forced) {
        return Providers.choose(forced, LibcryptoPrimitives::new, JdkPrimitives::new);
    }

    private static Primitives missing() {
        throw new ExceptionInInitializerError(new IllegalStateException("no such library"));
    }
}
