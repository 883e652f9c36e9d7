package anubis.linux;

import java.util.concurrent.atomic.AtomicInteger;

/** A file descriptor that is closed once, whoever closes it first. −1 afterwards, so that late calls fail with EBADF. */
final class Descriptor {
    private final AtomicInteger number;

    Descriptor(int number) {
        this.number = new AtomicInteger(number);
    }

    int number() {
        return number.get();
    }

    void close() {
        int open = number.getAndSet(-1);
        if (open >= 0) {
            Libc.close(open);
        }
    }
}
