import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar whose class files are older than Java 6, as picocli's are, and gives them the stack maps and the version
 * of today: an AOT cache takes no older ones, and to verify them took half the time of a short verb. The jar must be on
 * the class path, too.
 */
final class StackMaps {
    public static void main(String[] args) throws IOException {
        ClassFile format = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS, ClassFile.ConstantPoolSharingOption.NEW_POOL);
        ClassTransform renewal = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element))
                .andThen(ClassTransform.endHandler(builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 0)));
        try (ZipFile from = new ZipFile(args[0]);
                ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(Path.of(args[1])))) {
            for (ZipEntry entry : Collections.list(from.entries())) {
                byte[] content = from.getInputStream(entry).readAllBytes();
                boolean plainClass = entry.getName().endsWith(".class") && !entry.getName().endsWith("-info.class");
                ZipEntry renewed = new ZipEntry(entry.getName());
                renewed.setTimeLocal(entry.getTimeLocal());
                to.putNextEntry(renewed);
                to.write(plainClass ? format.transformClass(format.parse(content), renewal) : content);
            }
        }
    }
}
