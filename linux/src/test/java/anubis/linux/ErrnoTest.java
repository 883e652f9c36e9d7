package anubis.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import org.junit.jupiter.api.Test;

class ErrnoTest {
    @Test
    void everyNumberHasItsNameInTheText() throws Exception {
        for (Field field : Errno.class.getDeclaredFields()) {
            assertThat(Errno.text(field.getInt(null))).startsWith(field.getName() + " (");
        }
        assertThat(Errno.text(Errno.EINVAL)).isEqualTo("EINVAL (Invalid argument)");
        assertThat(Errno.text(4711)).isEqualTo("errno 4711");
        assertThat(new ErrnoException("open x", Errno.ENOENT)).hasMessage("open x: ENOENT (No such file or directory)");
    }
}
