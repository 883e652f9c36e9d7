package anubis.host;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files of text in UTF-8. */
public final class TextFile {
    private TextFile() {}

    /**
     * The text of a file.
     *
     * @param remedy what to do if there is no such file
     * @throws IOException if it cannot be read; the message names the file and what to do
     */
    public static String read(Path file, String remedy) throws IOException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": there is no such file; " + remedy, e);
        } catch (AccessDeniedException e) {
            throw new IOException(file + ": this user may not read it; try as root", e);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": it is not text in UTF-8; write it anew", e);
        } catch (IOException e) {
            throw new IOException(file + ": it cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
