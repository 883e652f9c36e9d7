package anubis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import anubis.linux.UdpSocket.Sharing;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PacketCaptureTest {
    @Test
    void seesTheFramesOfItsInterface() throws Exception {
        try (TestNamespace test = new TestNamespace();
                PacketCapture capture = test.call(() -> PacketCapture.open("lo"));
                UdpSocket socket = test.call(() -> UdpSocket.open(Family.IPV4, 0, Sharing.FIRST))) {
            MemorySegment buffer = NativeMemory.allocate(65_600);
            assertThat(capture.read(buffer, 0, 65_600)).isEqualTo(-Errno.EAGAIN);
            byte[] text = "in clear".getBytes(StandardCharsets.UTF_8);
            MemorySegment payload = NativeMemory.allocate(text.length);
            MemorySegment.copy(text, 0, payload, JAVA_BYTE, 0, text.length);
            UdpAddress self = new UdpAddress(new byte[] {127, 0, 0, 1}, socket.port(), 0);
            assertThat(socket.send(
                            new UdpMessage().payload(payload, 0, text.length).to(self)))
                    .isEqualTo(text.length);
            TestNamespace.awaitReadable(capture.fd());
            int length = capture.read(buffer, 100, 65_500);
            assertThat(length).isEqualTo(14 + 28 + text.length);
            assertThat(buffer.asSlice(100 + 42, text.length).toArray(JAVA_BYTE)).isEqualTo(text);
        }
    }

    @Test
    void saysWhichInterfaceThereIsNot() throws Exception {
        try (TestNamespace test = new TestNamespace()) {
            assertThatThrownBy(() -> test.call(() -> PacketCapture.open("eth77")))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("eth77")
                    .hasMessageContaining("ENODEV");
        }
    }
}
