package anubis.linux;

import java.nio.file.Path;

/** What a child process needs to run a class of these tests. */
final class ClassPath {
    private ClassPath() {}

    static String all() {
        // Maven runs the tests of a module in its folder.
        Path target = Path.of("target").toAbsolutePath();
        return target.resolve("test-classes") + ":" + target.resolve("classes");
    }
}
