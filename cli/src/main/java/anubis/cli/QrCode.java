package anubis.cli;

import com.google.zxing.EncodeHintType;
import com.google.zxing.WriterException;
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel;
import com.google.zxing.qrcode.encoder.ByteMatrix;
import com.google.zxing.qrcode.encoder.Encoder;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/** A QR code (ISO/IEC 18004) with its quiet zone, drawn with characters or as a picture. */
final class QrCode {
    /** The most characters that fit, unless digits and capitals make room for more: version 40, level L, bytes. */
    static final int MAX_LENGTH = 2953;

    /** No code holds more, though it were digits only. */
    private static final int MAX_DIGITS = 7089;

    /** The light modules on each side that the standard asks for. */
    private static final int QUIET = 4;

    /** Pixels of a picture to a module's side. */
    private static final int SCALE = 8;

    /** Black on white by their numbers among 256 colours, which no theme changes. */
    private static final String BLACK_ON_WHITE = "\033[38;5;16;48;5;231m";

    private static final String PLAIN = "\033[0m";

    private final ByteMatrix modules;

    private QrCode(ByteMatrix modules) {
        this.modules = modules;
    }

    /**
     * The smallest code that holds {@code text}, with the least error correction (level L): screens are clean.
     *
     * @throws WriterException if none does
     */
    static QrCode of(String text) throws WriterException {
        if (text.length() > MAX_DIGITS) { // the search for the shortest would take all memory
            throw new WriterException("no code holds this");
        }
        return new QrCode(Encoder.encode(text, ErrorCorrectionLevel.L, Map.of(EncodeHintType.QR_COMPACT, true))
                .getMatrix());
    }

    /** The modules of a side, with the quiet zone: so many columns has {@link #text()}. */
    int side() {
        return modules.getWidth() + 2 * QUIET;
    }

    private boolean dark(int x, int y) {
        int column = x - QUIET;
        int row = y - QUIET;
        return column >= 0
                && row >= 0
                && column < modules.getWidth()
                && row < modules.getHeight()
                && modules.get(column, row) == 1;
    }

    /** The modules of a row, from the left: 1 for dark, 0 for light. */
    String row(int y) {
        StringBuilder row = new StringBuilder(side());
        for (int x = 0; x < side(); x++) {
            row.append(dark(x, y) ? '1' : '0');
        }
        return row.toString();
    }

    /** For a terminal of any colours: each character is two modules, one above the other. */
    String text() {
        StringBuilder text = new StringBuilder();
        for (int y = 0; y < side(); y += 2) {
            text.append(BLACK_ON_WHITE);
            for (int x = 0; x < side(); x++) {
                text.append(dark(x, y) ? dark(x, y + 1) ? '█' : '▀' : dark(x, y + 1) ? '▄' : ' ');
            }
            text.append(PLAIN).append('\n');
        }
        return text.toString();
    }

    /** A picture (PNG, third edition): grey of one bit a pixel. */
    byte[] png() {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(png)) {
            out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
            chunk(out, "IHDR", header -> {
                header.writeInt(side() * SCALE);
                header.writeInt(side() * SCALE);
                header.write(new byte[] {1, 0, 0, 0, 0}); // one bit, grey, deflated, filtered, not interlaced
            });
            chunk(out, "IDAT", data -> {
                try (DeflaterOutputStream deflated = new DeflaterOutputStream(data)) {
                    for (int y = 0; y < side() * SCALE; y++) {
                        deflated.write(0); // no filter
                        for (int x = 0; x < side(); x++) {
                            deflated.write(dark(x, y / SCALE) ? 0 : 0xff); // a module is a byte of 8 pixels
                        }
                    }
                }
            });
            chunk(out, "IEND", _ -> {});
        } catch (IOException e) {
            throw new AssertionError("memory does not fail", e);
        }
        return png.toByteArray();
    }

    /** What a chunk consists of. */
    private interface Content {
        void write(DataOutputStream to) throws IOException;
    }

    private static void chunk(DataOutputStream out, String type, Content content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream typed = new DataOutputStream(bytes)) {
            typed.write(type.getBytes(StandardCharsets.US_ASCII));
            content.write(typed);
        }
        CRC32 check = new CRC32();
        check.update(bytes.toByteArray());
        out.writeInt(bytes.size() - type.length());
        bytes.writeTo(out);
        out.writeInt((int) check.getValue());
    }
}
