import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Rewrites jars so that an AOT cache takes their classes. It takes none of a signed jar, as Bouncy Castle's is: the
 * signature, which Maven's checksum makes superfluous here, is left out. And it takes none older than Java 6, as
 * picocli's are: they get the stack maps and the version of today. The jars must be on the class path, too.
 */
final class CacheableJars {
    private static final Pattern SIGNATURE = Pattern.compile("META-INF/[^/]*\\.(SF|RSA|DSA|EC)");
    private static final int VERSION_OFFSET = 6;

    private static final ClassFile FORMAT =
            ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS, ClassFile.ConstantPoolSharingOption.NEW_POOL);
    private static final ClassTransform RENEWAL = ClassTransform.transformingMethodBodies(
                    (builder, element) -> builder.with(element))
            .andThen(ClassTransform.endHandler(builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 0)));

    public static void main(String[] jars) throws IOException {
        for (String jar : jars) {
            Path copy = Path.of(jar + ".new");
            rewrite(Path.of(jar), copy);
            Files.move(copy, Path.of(jar), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void rewrite(Path jar, Path copy) throws IOException {
        try (ZipFile from = new ZipFile(jar.toFile());
                ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(copy))) {
            for (ZipEntry entry : Collections.list(from.entries())) {
                if (!SIGNATURE.matcher(entry.getName()).matches()) {
                    ZipEntry renewed = new ZipEntry(entry.getName());
                    renewed.setTimeLocal(entry.getTimeLocal());
                    to.putNextEntry(renewed);
                    to.write(renewed(entry.getName(), from.getInputStream(entry).readAllBytes()));
                }
            }
        }
    }

    private static byte[] renewed(String name, byte[] content) throws IOException {
        if (name.equals(JarFile.MANIFEST_NAME)) {
            Manifest manifest = new Manifest(new ByteArrayInputStream(content));
            manifest.getEntries().clear(); // the digests that the signature covers
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            manifest.write(out);
            return out.toByteArray();
        }
        boolean plainClass = name.endsWith(".class") && !name.endsWith("-info.class");
        return plainClass && (content[VERSION_OFFSET] << 8 | content[VERSION_OFFSET + 1] & 0xff) < ClassFile.JAVA_6_VERSION
                ? FORMAT.transformClass(FORMAT.parse(content), RENEWAL)
                : content;
    }
}
