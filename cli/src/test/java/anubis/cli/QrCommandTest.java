package anubis.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import anubis.config.QuickConfig;
import com.google.zxing.BinaryBitmap;
import com.google.zxing.DecodeHintType;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import com.google.zxing.qrcode.QRCodeReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Two readers that are not ours read what is drawn: ZXing's and, where it is installed, zbarimg. */
class QrCommandTest {
    private static final String KEY = "UMlAztNylJahPmTyjthNAQm7HMVlsE4AelA6Ansk2GI=";
    private static final String INTERFACE = "[Interface]\nPrivateKey = " + KEY + "\nAddress = 10.0.0.2/24\n";
    private static final String PHONE = INTERFACE + """
            DNS = 10.0.0.1
            [Peer]
            PublicKey = Qu3nLiZfjn1JQbf257LaTTRh12fADisYeNw+++ue5g0=
            AllowedIPs = 0.0.0.0/0, ::/0
            Endpoint = vpn.example.org:51820
            PersistentKeepalive = 25
            """;
    private static final String EXPECTED =
            PHONE.replace(" = ", "=").replace(", ", ",").strip();

    private final PrintStream standardOutput = System.out;
    private final PrintStream standardError = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream warnings = new ByteArrayOutputStream();
    private final StringWriter err = new StringWriter();

    @TempDir
    Path directory;

    @BeforeEach
    void take() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(warnings, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void giveBack() {
        System.setOut(standardOutput);
        System.setErr(standardError);
    }

    private int qr(String text, String... options) throws IOException {
        Path file = Files.writeString(directory.resolve("phone.conf"), text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        CommandLine anubis = Anubis.commandLine();
        anubis.setErr(new PrintWriter(err));
        return anubis.execute(Stream.of(new String[] {"qr"}, options, new String[] {file.toString()})
                .flatMap(Arrays::stream)
                .toArray(String[]::new));
    }

    private String warned() {
        return warnings.toString(StandardCharsets.UTF_8);
    }

    /** What a terminal shows: true is black. */
    private boolean[][] screen() {
        String[] lines = out.toString(StandardCharsets.UTF_8).split("\n", -1);
        boolean[][] rows = new boolean[2 * (lines.length - 1)][];
        for (int i = 0; i < lines.length - 1; i++) {
            String begin = "\033[38;5;16;48;5;231m"; // ink black, paper white
            assertThat(lines[i]).startsWith(begin).endsWith("\033[0m");
            String glyphs = lines[i].substring(begin.length(), lines[i].length() - 4);
            assertThat(glyphs).matches("[ █▀▄]+");
            rows[2 * i] = row(glyphs, "█▀");
            rows[2 * i + 1] = row(glyphs, "█▄");
        }
        assertThat(lines[lines.length - 1]).isEmpty();
        return rows;
    }

    private static boolean[] row(String glyphs, String inked) {
        boolean[] row = new boolean[glyphs.length()];
        for (int i = 0; i < row.length; i++) {
            row[i] = inked.indexOf(glyphs.charAt(i)) >= 0;
        }
        return row;
    }

    private static String readByZxing(boolean[][] screen) throws Exception {
        int scale = 4;
        int width = screen[0].length * scale;
        int[] pixels = new int[width * screen.length * scale];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = screen[i / width / scale][i % width / scale] ? 0 : 0xffffff;
        }
        var picture =
                new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(width, screen.length * scale, pixels)));
        return new QRCodeReader()
                .decode(picture, Map.of(DecodeHintType.PURE_BARCODE, true))
                .getText();
    }

    private String readByZbar(Path picture) throws Exception {
        Process zbar = new ProcessBuilder("zbarimg", "--quiet", "--raw", picture.toString())
                .redirectError(new File("/dev/null"))
                .start();
        String text = new String(zbar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(zbar.waitFor()).isZero();
        return text.strip();
    }

    @Test
    void asJsonItIsTheSameCode() throws Exception {
        assertThat(qr(PHONE.replace("DNS = 10.0.0.1", "PostUp = true"), "--json"))
                .isZero();

        String json = out.toString(StandardCharsets.UTF_8);
        boolean[][] rows = Pattern.compile("\"([01]+)\"")
                .matcher(json)
                .results()
                .map(found -> row(found.group(1), "1"))
                .toArray(boolean[][]::new);
        assertThat(json)
                .startsWith("{\"side\":" + rows.length + ",\"rows\":[\"0")
                .endsWith("],\"left_out\":[\"PostUp\"]}\n");
        assertThat(rows).hasDimensions(rows.length, rows.length);
        assertThat(readByZxing(rows)).isEqualTo(EXPECTED.replace("DNS=10.0.0.1\n", ""));
    }

    private static void assumeZbar() {
        assumeTrue(
                Stream.of("/usr/bin/zbarimg", "/usr/local/bin/zbarimg")
                        .anyMatch(path -> Files.isExecutable(Path.of(path))),
                "skipped: zbarimg (package zbar-tools) is not installed");
    }

    /** A picture of the screen, in the simplest format there is (portable bitmap), each module 4 pixels wide. */
    private Path photograph(boolean[][] screen) throws IOException {
        int scale = 4;
        StringBuilder picture =
                new StringBuilder("P1\n" + screen[0].length * scale + " " + screen.length * scale + "\n");
        for (boolean[] row : screen) {
            StringBuilder line = new StringBuilder();
            for (boolean black : row) {
                line.append((black ? "1 " : "0 ").repeat(scale));
            }
            picture.append((line + "\n").repeat(scale));
        }
        return Files.writeString(directory.resolve("screen.pbm"), picture);
    }

    @Test
    void theTerminalShowsTheConfiguration() throws Exception {
        assertThat(qr(PHONE)).isZero();
        assertThat(warned()).isEmpty();
        String read = readByZxing(screen());
        assertThat(read).isEqualTo(EXPECTED);
        assertThat(QuickConfig.parse("read", read).wireguard().peers())
                .isEqualTo(QuickConfig.parse("given", PHONE).wireguard().peers());
    }

    @Test
    void zbarReadsTheTerminal() throws Exception {
        assumeZbar();
        assertThat(qr(PHONE)).isZero();
        assertThat(readByZbar(photograph(screen()))).isEqualTo(EXPECTED);
    }

    @Test
    void zbarReadsThePictureWhichIsTheOwnersAlone() throws Exception {
        assumeZbar();
        Path picture = Files.writeString(directory.resolve("old.png"), "something that everyone may read");
        Files.setPosixFilePermissions(picture, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(qr(PHONE, "--png", picture.toString())).isZero();
        assertThat(out.size()).isZero();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(picture)))
                .isEqualTo("rw-------");
        assertThat(readByZbar(picture)).isEqualTo(EXPECTED);

        assertThat(qr(PHONE, "--png", "-")).isZero();
        assertThat(out.toByteArray()).isEqualTo(Files.readAllBytes(picture));
    }

    @Test
    void theCodeIsAsSmallAsItsText() throws IOException {
        assertThat(qr(PHONE)).isZero();
        int modules = screen()[0].length - 2 * 4;
        // Version 9 at level L has room for 230 bytes, version 10 for 271 (ISO/IEC 18004, table 7).
        assertThat(EXPECTED.length()).isBetween(231, 271);
        assertThat(modules).isEqualTo(17 + 4 * 10);
    }

    /** Codes of all sizes, with prefixes that are written in another mode than keys. */
    @Test
    void whatIsDrawnIsReadWhateverItsLength() throws Exception {
        Random random = new Random(7);
        for (int prefixes = 1; prefixes < 160; prefixes += 13) {
            StringBuilder text = new StringBuilder(PHONE);
            for (int i = 0; i < prefixes; i++) {
                text.append("AllowedIPs = ").append(random.nextInt(1, 224)).append('.');
                text.append(random.nextInt(256)).append(".0.0/16\n");
            }
            out.reset();
            assertThat(qr(text.toString().replace("0.0.0.0/0, ::/0", "fd00::/8")))
                    .isZero();
            QuickConfig read = QuickConfig.parse("read", readByZxing(screen()));
            assertThat(read.wireguard().peers().getFirst().allowedIps().prefixes())
                    .hasSizeBetween(prefixes / 2, prefixes + 1);
        }
        assertThat(warned()).contains(" columns: in a narrower window, use --png");
    }

    @ParameterizedTest
    @ValueSource(ints = {250, 60_000})
    void tooMuchForACodeIsSaidWithWhatToShorten(int prefixes) throws IOException {
        StringBuilder text = new StringBuilder(PHONE.replace("0.0.0.0/0, ::/0", "192.168.0.0/16"));
        for (int i = 0; i < prefixes; i++) {
            text.append("AllowedIPs = 10.")
                    .append(i / 255)
                    .append('.')
                    .append(i % 255)
                    .append(".128/25\n");
        }
        assertThat(qr(text.toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .matches(
                        "anubis: .*/phone.conf: (\\d+) characters are (\\d+) too many for a QR code; (\\d+) of them are the"
                                + " AllowedIPs of 1 peers: write fewer, wider prefixes, and leave out peers that the phone can do"
                                + " without")
                .doesNotContain(KEY);
        assertThat(out.size()).isZero();
    }

    @Test
    void whatAPhoneRefusesIsLeftOutWithANote() throws Exception {
        assertThat(qr(PHONE.replace("DNS =", "PostUp = iptables -A FORWARD -i %i -j ACCEPT\nTable = off\nDNS =")))
                .isZero();
        assertThat(readByZxing(screen())).isEqualTo(EXPECTED);
        assertThat(warned()).isEqualTo("anubis: note: left out, for phones refuse it: PostUp, Table\n");
    }

    @Test
    void aFileThatOthersCanReadIsWarnedOf() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path open = Files.writeString(directory.resolve("open.conf"), PHONE);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(Anubis.commandLine().execute("qr", open.toString())).isZero();
        assertThat(warned())
                .isEqualTo("anubis: warning: " + open
                        + ":1: file: others than its owner can read its secret keys; chmod" + " 600 " + open + "\n");
    }

    @Test
    void aConfigurationThatIsOfNoUseToAPhoneIsRefused() throws IOException {
        assertThat(qr("[Interface]\nListenPort = 5\n")).isEqualTo(1);
        assertThat(err.toString()).contains("PrivateKey", "Address");
        assertThat(out.size()).isZero();
    }
}
