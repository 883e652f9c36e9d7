package anubis.crypto;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/** A provider that answers one call wrongly. */
final class Wrong {
    private Wrong() {}

    static Primitives of(Primitives right) {
        return of(right, "blake2s");
    }

    /** One bit of every answer is wrong. */
    static Primitives of(Primitives right, String primitive) {
        return primitives(right, primitive, false);
    }

    /** Everything is authentic. */
    static Primitives credulous(Primitives right, String primitive) {
        return primitives(right, primitive, true);
    }

    private static Primitives primitives(Primitives right, String primitive, boolean credulous) {
        return proxy(Primitives.class, (proxy, method, arguments) -> {
            Object answer = method.invoke(right, arguments);
            if (answer instanceof TransportCipher cipher && primitive.startsWith("transportCipher.")) {
                return cipher(cipher, primitive.substring(primitive.indexOf('.') + 1), credulous);
            }
            if (method.getName().equals(primitive)) {
                if (credulous && answer == null) {
                    return new byte[3];
                }
                if (!credulous && answer instanceof byte[] bytes) {
                    bytes[0] ^= 1;
                }
            }
            return answer;
        });
    }

    private static TransportCipher cipher(TransportCipher right, String call, boolean credulous) {
        return proxy(TransportCipher.class, (proxy, method, arguments) -> {
            Object answer = method.invoke(right, arguments);
            if (method.getName().equals(call)) {
                if (credulous) {
                    return true;
                }
                var to = (MemorySegment) arguments[4];
                to.set(JAVA_BYTE, 0, (byte) (to.get(JAVA_BYTE, 0) ^ 1));
            }
            return answer;
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
