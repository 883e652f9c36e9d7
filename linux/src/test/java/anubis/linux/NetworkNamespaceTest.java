package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class NetworkNamespaceTest {
    @Test
    void runsATaskInsideAndLeavesTheCallerOutside() throws Exception {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace here = NetworkNamespace.current()) {
            test.ip("link add only-here type veth peer name other");
            assertThat(test.call(() -> Processes.interfaceIndex("only-here"))).isPositive();
            assertThatThrownBy(() -> Processes.interfaceIndex("only-here"))
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV))
                    .hasMessageContaining("only-here");
            assertThat(here.isCurrent()).isTrue();
            assertThat(test.namespace.isCurrent()).isFalse();
            assertThat(test.call(test.namespace::isCurrent)).isTrue();
            // current() inside, and back out again from inside.
            try (NetworkNamespace inside = test.call(NetworkNamespace::current)) {
                assertThat(inside.call(() -> Processes.interfaceIndex("only-here")))
                        .isPositive();
                assertThat(test.call(() -> here.call(here::isCurrent))).isTrue();
            }
        }
    }

    @Test
    void otherProcessesFindItByItsPath() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            test.ip("link add only-here type veth peer name other");
            assertThat(TestNamespace.run("nsenter", "--net=" + test.namespace.path(), "ip", "link"))
                    .contains("only-here");
        }
    }

    @Test
    void exceptionsComeOutAsTheyAre() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            Exception exception = new FileNotFoundException("a");
            Error error = new StackOverflowError("b");
            assertThatThrownBy(() -> test.call(() -> {
                        throw exception;
                    }))
                    .isSameAs(exception);
            assertThatThrownBy(() -> test.call(() -> {
                        throw error;
                    }))
                    .isSameAs(error);
        }
    }

    @Test
    void anInterruptReachesTheTask() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            CountDownLatch running = new CountDownLatch(1);
            CountDownLatch interrupted = new CountDownLatch(1);
            Thread caller = Thread.currentThread();
            Thread interrupter = Thread.ofPlatform().start(() -> {
                try {
                    running.await();
                    caller.interrupt();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            assertThatThrownBy(() -> test.call(() -> {
                        running.countDown();
                        try {
                            return new CountDownLatch(1).getCount() + neverDone();
                        } catch (InterruptedException e) {
                            interrupted.countDown();
                            throw e;
                        }
                    }))
                    .isInstanceOf(InterruptedException.class);
            interrupted.await();
            interrupter.join();
        }
    }

    private static long neverDone() throws InterruptedException {
        new CountDownLatch(1).await();
        return 0;
    }

    @Test
    void saysWhatCannotBeOpened() {
        assertThatThrownBy(() -> NetworkNamespace.of(Path.of("/run/netns/there-is-none")))
                .isInstanceOf(ErrnoException.class)
                .hasMessageContaining("/run/netns/there-is-none")
                .hasMessageContaining("ENOENT");
    }

    @Test
    void saysWhenItIsNoNamespace() throws Exception {
        try (NetworkNamespace none = NetworkNamespace.of(Path.of("/dev/null"))) {
            assertThatThrownBy(() -> none.call(() -> 1))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("CAP_SYS_ADMIN")
                    .hasMessageContaining("EINVAL");
        }
    }
}
